// Who may do what on the data plane, and how a refusal is answered. Sources: "Authorize with Microsoft Entra ID"
// (Storage REST reference), "Prevent authorization with Shared Key", "Azure built-in roles".
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { type BlobFixture, ROLES, startBlobFixture } from "../support/blob-fixture.ts";

describe("Blob authorization", () => {
  let blob: BlobFixture;
  let container: string;

  before(async () => {
    blob = await startBlobFixture();
    container = (await blob.newContainer()).containerName;
    await blob.send("PUT", `/${container}/kept`, { body: "kept", headers: { "x-ms-blob-type": "BlockBlob" } });
  });
  after(() => blob.close());

  const put = { body: "x", headers: { "x-ms-blob-type": "BlockBlob" } };
  const scopeOf = (name: string) => `${blob.account.id}/blobServices/default/containers/${name}`;

  describe("tokens", () => {
    const challenge =
      /^Bearer authorization_uri=https:\/\/login\.microsoftonline\.com\/[0-9a-f-]{36}\/oauth2\/authorize resource_id=https:\/\/storage\.azure\.com$/;

    it("a token for Resource Manager is refused with 401, the reason and a challenge", async () => {
      const token = await blob.tokenFor("a", "https://management.azure.com");
      const answer = await blob.send("GET", `/${container}/kept`, { token });
      assert.equal(answer.status, 401);
      assert.equal(answer.code, "InvalidAuthenticationInfo");
      assert.match(answer.text, /<AuthenticationErrorDetail>Audience validation failed\. Audience did not match\.</);
      assert.match(answer.headers["www-authenticate"] ?? "", challenge);
      assert.equal(answer.headers["x-ms-error-code"], "InvalidAuthenticationInfo");
    });

    it("a token whose audience is the account's own host is accepted", async () => {
      const token = await blob.tokenFor("a", `https://${blob.account.name}.blob.core.windows.net`);
      assert.equal((await blob.send("GET", `/${container}/kept`, { token })).status, 200);
    });

    it("an expired token is refused with 401 by the emulator's clock", async () => {
      const token = await blob.tokenFor("a");
      blob.emulator.clock.advance(25 * 3600 * 1000);
      try {
        const answer = await blob.send("GET", `/${container}/kept`, { token });
        assert.equal(answer.status, 401);
        assert.match(answer.text, /Lifetime validation failed\. The token is expired\./);
      } finally {
        blob.emulator.clock.advance(-25 * 3600 * 1000);
      }
    });

    it("a token that was tampered with is refused with 401", async () => {
      const [head, body, signature] = blob.tokens.b.split(".");
      const claims = JSON.parse(Buffer.from(body ?? "", "base64url").toString("utf8")) as Record<string, unknown>;
      const forged = Buffer.from(JSON.stringify({ ...claims, oid: "someone" })).toString("base64url");
      const answer = await blob.send("GET", `/${container}/kept`, { token: `${head}.${forged}.${signature}` });
      assert.equal(answer.status, 401);
      assert.match(answer.text, /Signature validation failed/);
    });

    it("a version before the challenge answers 403 AuthenticationFailed instead of 401", async () => {
      const headers = { "x-ms-version": "2018-11-09" };
      const answer = await blob.send("GET", `/${container}/kept`, { token: "nonsense", headers });
      assert.equal(answer.status, 403);
      assert.equal(answer.code, "AuthenticationFailed");
      assert.equal(answer.headers["www-authenticate"], undefined);
    });

    it("an unknown or malformed x-ms-version is 400 InvalidHeaderValue", async () => {
      for (const version of ["2099-01-01", "2020-01-01", "latest"]) {
        const answer = await blob.send("GET", `/${container}/kept`, { headers: { "x-ms-version": version } });
        assert.equal(answer.status, 400, version);
        assert.equal(answer.code, "InvalidHeaderValue");
        assert.match(answer.text, /<HeaderName>x-ms-version<\/HeaderName>/);
      }
    });

    it("a token needs version 2017-11-09 or later", async () => {
      const answer = await blob.send("GET", `/${container}/kept`, { headers: { "x-ms-version": "2017-07-29" } });
      assert.equal(answer.status, 403);
    });

    it("no authorization at all is answered with the challenge", async () => {
      const answer = await blob.send("PUT", `/${container}/kept`, { ...put, token: null });
      assert.equal(answer.status, 401);
      assert.equal(answer.code, "NoAuthenticationInformation");
      assert.match(answer.headers["www-authenticate"] ?? "", challenge);
    });

    it("an anonymous read is answered with the challenge, or with 409 in a version before it", async () => {
      // As measured by astral-sh/uv#21366: 2019-12-12 is the first version with the challenge.
      const read = (version: string) =>
        blob.send("HEAD", `/${container}/kept`, { token: null, headers: { "x-ms-version": version } });
      assert.equal((await read("2019-07-07")).status, 409);
      assert.equal((await read("2019-07-07")).code, "PublicAccessNotPermitted");
      assert.equal((await read("2019-12-12")).status, 401);
      assert.equal((await read("2019-12-12")).code, "NoAuthenticationInformation");
    });

    it("a token without a version is refused as in versions before tokens", async () => {
      const url = new URL(`${blob.url}/${container}/kept`);
      const headers = { authorization: `Bearer ${blob.tokens.a}` };
      const answer = await fetch(url, { headers });
      assert.equal(answer.status, 403);
      const text = await answer.text();
      assert.match(text, /<Code>AuthenticationFailed<\/Code>/);
      assert.match(text, /Authentication scheme Bearer is not supported in this version\./);
      assert.equal(answer.headers.get("x-ms-error-code"), null);
    });
  });

  describe("rights", () => {
    it("without a role everything is 403 AuthorizationPermissionMismatch, also what does not exist", async () => {
      const calls: [string, string][] = [
        ["GET", `/${container}/kept`],
        ["GET", `/${container}/absent`],
        ["GET", "/absent-container/absent"],
        ["HEAD", `/${container}/kept`],
        ["PUT", `/${container}/new`],
        ["DELETE", `/${container}/kept`],
        ["GET", `/${container}?restype=container&comp=list`],
        ["GET", `/${container}?restype=container`],
        ["PUT", "/made-by-b?restype=container"],
        ["DELETE", `/${container}?restype=container`],
        ["GET", "/?comp=list"],
      ];
      for (const [method, path] of calls) {
        const headers: Record<string, string> = method === "PUT" ? { "x-ms-blob-type": "BlockBlob" } : {};
        const answer = await blob.send(method, path, { token: blob.tokens.b, headers });
        assert.equal(answer.status, 403, `${method} ${path}`);
        assert.equal(answer.code, "AuthorizationPermissionMismatch", `${method} ${path}`);
      }
    });

    it("Owner of the account, whose actions are *, reaches containers but no blobs", async () => {
      const other = blob.addAccount("ownedbyb");
      blob.grant("b", ROLES.armOwner, other.id);
      const base = blob.url.replace(blob.account.name, other.name);
      const call = (method: string, path: string) =>
        blob.send(method, `/../${other.name}${path}`, { token: blob.tokens.b });
      assert.ok(base.endsWith(other.name));
      assert.equal((await call("PUT", "/mine?restype=container")).status, 201);
      assert.equal((await call("GET", "/mine?restype=container")).status, 200);
      const listing = await call("GET", "/mine?restype=container&comp=list");
      assert.equal(listing.code, "AuthorizationPermissionMismatch");
    });

    it("a data role reaches blobs but neither creates nor deletes nor leases containers", async () => {
      const name = (await blob.newContainer()).containerName;
      const roles = [...blob.emulator.world.roleDefinitions.values()];
      const dataOnly = roles.find(({ roleName }) => roleName === "keyless-csi Blob Data");
      blob.grant("b", dataOnly?.name ?? "", scopeOf(name));
      const token = blob.tokens.b;
      assert.equal((await blob.send("PUT", `/${name}/x`, { ...put, token })).status, 201);
      assert.equal((await blob.send("GET", `/${name}/x`, { token })).text, "x");
      assert.equal((await blob.send("GET", `/${name}?restype=container&comp=list`, { token })).status, 200);
      const refused = [
        await blob.send("GET", `/${name}?restype=container`, { token }),
        await blob.send("DELETE", `/${name}?restype=container`, { token }),
        await blob.send("PUT", `/${name}?restype=container&comp=metadata`, { token }),
        await blob.send("PUT", `/${name}?restype=container&comp=lease`, { token }),
      ];
      for (const answer of refused) assert.equal(answer.code, "AuthorizationPermissionMismatch");
      const neighbour = await blob.send("GET", `/${container}/kept`, { token });
      assert.equal(neighbour.code, "AuthorizationPermissionMismatch");
    });

    it("a reader reads and lists but does not write", async () => {
      const name = (await blob.newContainer()).containerName;
      await blob.send("PUT", `/${name}/x`, put);
      blob.grant("b", ROLES.reader, scopeOf(name));
      const token = blob.tokens.b;
      assert.equal((await blob.send("GET", `/${name}/x`, { token })).status, 200);
      assert.equal((await blob.send("PUT", `/${name}/x`, { ...put, token })).status, 403);
      assert.equal((await blob.send("DELETE", `/${name}/x`, { token })).status, 403);
    });

    it("a condition on the container's name permits some containers of an account and no others", async () => {
      const other = blob.addAccount("conditional");
      blob.grant("a", ROLES.contributor, other.id);
      const call = (method: string, path: string, token: string) =>
        blob.send(method, `/../${other.name}${path}`, { token, headers: { "x-ms-blob-type": "BlockBlob" } });
      for (const name of ["ns1-data", "ns2-data"]) await call("PUT", `/${name}?restype=container`, blob.tokens.a);
      blob.grant("b", ROLES.contributor, other.id);
      const grants = [...blob.emulator.world.roleAssignments.values()].filter(({ scope }) => scope === other.id);
      const [mine] = grants.filter(({ principalId }) => principalId === blob.emulator.info.identities[1]?.principalId);
      assert.ok(mine);
      const blobs = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs";
      const named = ["read", "write", "delete", "add/action", "move/action"].map(
        (verb) => `!(ActionMatches{'${blobs}/${verb}'})`,
      );
      const name = "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name]";
      mine.condition = `((${named.join(" AND ")}) OR (${name} StringStartsWith 'ns1-'))`;
      mine.conditionVersion = "2.0";
      assert.equal((await call("PUT", "/ns1-data/x", blob.tokens.b)).status, 201);
      assert.equal((await call("GET", "/ns1-data?restype=container&comp=list", blob.tokens.b)).status, 200);
      assert.equal((await call("PUT", "/ns2-data/x", blob.tokens.b)).status, 403);
      assert.equal((await call("GET", "/ns2-data?restype=container&comp=list", blob.tokens.b)).status, 403);
    });

    it("tags need a right of their own, which the contributor does not have", async () => {
      const tagged = { ...put, headers: { ...put.headers, "x-ms-tags": "a=1" } };
      assert.equal((await blob.send("PUT", `/${container}/tagged`, tagged)).code, "AuthorizationPermissionMismatch");
      assert.equal((await blob.send("GET", `/${container}/kept?comp=tags`)).status, 403);
      const listing = await blob.send("GET", `/${container}?restype=container&comp=list&include=tags`);
      assert.equal(listing.status, 403);
    });

    it("the right to add creates a blob, but does not overwrite one", async () => {
      const name = (await blob.newContainer()).containerName;
      const role = "00000000-aaaa-4000-8000-000000000001";
      const dataActions = ["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/add/action"];
      blob.emulator.world.roleDefinitions.set(role, {
        name: role,
        roleName: "adder",
        description: "",
        type: "CustomRole",
        assignableScopes: ["/"],
        permissions: [{ actions: [], notActions: [], dataActions, notDataActions: [] }],
      });
      blob.grant("b", role, scopeOf(name));
      const token = blob.tokens.b;
      assert.equal((await blob.send("PUT", `/${name}/x`, { ...put, token })).status, 201);
      assert.equal((await blob.send("PUT", `/${name}/x`, { ...put, token })).code, "AuthorizationPermissionMismatch");
    });

    it("container access policies cannot be used with tokens, in any role", async () => {
      const answer = await blob.send("GET", `/${container}?restype=container&comp=acl`);
      assert.equal(answer.status, 403);
    });
  });

  describe("keys", () => {
    const signed = (key: string, text: string) =>
      createHmac("sha256", Buffer.from(key, "base64")).update(text).digest("base64");

    it("a keyless account refuses SharedKey before it looks at the signature", async () => {
      for (const scheme of ["SharedKey", "SharedKeyLite"]) {
        const headers = {
          authorization: `${scheme} ${blob.account.name}:${signed("a2V5", "x")}`,
          "x-ms-date": new Date().toUTCString(),
        };
        const answer = await blob.send("GET", `/${container}/kept`, { token: null, headers });
        assert.equal(answer.status, 403);
        assert.equal(answer.code, "KeyBasedAuthenticationNotPermitted");
        assert.match(answer.text, /Key based authentication is not permitted on this storage account\./);
      }
    });

    it("a keyless account refuses service and account SAS", async () => {
      const times = "se=2099-01-01T00:00:00Z&sp=r&sv=2022-11-02&sig=abc";
      for (const kind of ["sr=b", "ss=b&srt=o"]) {
        const answer = await blob.send("GET", `/${container}/kept?${times}&${kind}`, { token: null });
        assert.equal(answer.status, 403);
        assert.equal(answer.code, "KeyBasedAuthenticationNotPermitted");
      }
    });

    it("an account whose allowSharedKeyAccess was never set accepts keys", async () => {
      const open = blob.addAccount("openaccount");
      open.properties = {};
      const headers = {
        authorization: `SharedKey ${open.name}:AAAA`,
        "x-ms-date": new Date(blob.emulator.clock.now()).toUTCString(),
      };
      const answer = await blob.send("GET", `/../${open.name}/?comp=list`, { token: null, headers });
      assert.equal(answer.code, "AuthenticationFailed");
      assert.match(answer.text, /MAC signature/);
    });
  });

  describe("accounts and networks", () => {
    it("an account that does not exist, or is still being created, is not found", async () => {
      const young = blob.addAccount("stillcreating");
      blob.emulator.world.accounts.set(young.name, { ...young, readyAt: blob.emulator.clock.now() + 60_000 });
      for (const name of ["nosuchaccount", young.name]) {
        const answer = await blob.send("GET", `/../${name}/?comp=list`);
        assert.equal(answer.status, 404);
        assert.equal(answer.code, "ResourceNotFound");
      }
    });

    it("a closed network refuses even a caller with every right", async () => {
      for (const properties of [{ publicNetworkAccess: "Disabled" }, { networkAcls: { defaultAction: "Deny" } }]) {
        const closed = blob.addAccount("closedaccount", properties);
        blob.grant("a", ROLES.contributor, closed.id);
        const answer = await blob.send("GET", `/../${closed.name}/?comp=list`);
        assert.equal(answer.status, 403);
        assert.equal(answer.code, "AuthorizationFailure");
      }
    });

    it("every answer names request, version and time, and repeats the client's own id", async () => {
      const headers = { "x-ms-client-request-id": "my-id-1" };
      const answer = await blob.send("GET", "/absent-one/x", { headers });
      assert.match(answer.headers["x-ms-request-id"] ?? "", /^[0-9a-f-]{36}$/);
      assert.equal(answer.headers["x-ms-version"], "2025-11-05");
      assert.equal(answer.headers["x-ms-client-request-id"], "my-id-1");
      assert.match(answer.headers["server"] ?? "", /^Windows-Azure-Blob\/1\.0/);
      assert.match(answer.text, new RegExp(`RequestId:${answer.headers["x-ms-request-id"]}\nTime:\\d{4}-`));
      assert.equal(answer.headers["content-type"], "application/xml");
    });
  });
});
