// What a signature or a copy may reach: a private source needs credentials of its own, a container's signature never opens
// the container itself, and a signature with a term that Azure refuses is refused ("Copy Blob From URL", "Put Blob From URL",
// "Create a service SAS", "Create a user delegation SAS").
import assert from "node:assert/strict";
import {
  AccountSASPermissions,
  AccountSASResourceTypes,
  AccountSASServices,
  type BlobSASSignatureValues,
  type ContainerClient,
  ContainerSASPermissions,
  generateAccountSASQueryParameters,
  generateBlobSASQueryParameters,
  StorageSharedKeyCredential,
  type UserDelegationKey,
} from "@azure/storage-blob";
import { delegationStringToSign } from "../../src/emulator/blob/auth/sas-strings.ts";
import { accountKey, sign } from "../../src/emulator/storage/accounts.ts";
import { type BlobFixture, startBlobFixture } from "../support/blob-fixture.ts";

const HOUR = 3_600_000;

describe("What signatures and copies reach", () => {
  let blob: BlobFixture;
  let container: ContainerClient;
  let base: string;
  let key: UserDelegationKey;
  before(async () => {
    blob = await startBlobFixture();
    container = await blob.newContainer();
    base = `/${container.containerName}`;
    await container.getBlockBlobClient("source").upload("secret", 6);
    key = await blob.service().getUserDelegationKey(new Date(Date.now() - HOUR), new Date(Date.now() + HOUR));
  });
  after(() => blob.close());

  const names = async () => {
    const found: string[] = [];
    for await (const { name } of container.listBlobsFlat()) found.push(name);
    return found;
  };

  describe("a private source of the same account", () => {
    const typed = { "x-ms-blob-type": "BlockBlob" };
    const copies: readonly (readonly [name: string, path: string, headers: Record<string, string>])[] = [
      ["Copy Blob From URL", "/target", { "x-ms-requires-sync": "true" }],
      ["Put Blob From URL", "/target", typed],
      ["Put Block From URL", "/target?comp=block&blockid=MDE=", {}],
    ];
    for (const [name, path, more] of copies) {
      it(`needs credentials of its own in ${name}`, async () => {
        const headers = { ...more, "x-ms-copy-source": `${container.url}/source` };
        const refused = await blob.send("PUT", base + path, { headers });
        assert.deepEqual([refused.status, refused.code], [401, "CannotVerifyCopySource"]);
        assert.match(refused.text, /<CopySourceErrorCode>NoAuthenticationInformation</);
        assert.deepEqual(await names(), ["source"]);
        const keyed = { ...headers, "x-ms-copy-source-authorization": "SharedKey keylessacct:abc=" };
        assert.equal((await blob.send("PUT", base + path, { headers: keyed })).code, "InvalidHeaderValue");
        const wrong = { ...headers, "x-ms-copy-source-authorization": `Bearer ${blob.tokens.b}` };
        const other = await blob.send("PUT", base + path, { headers: wrong });
        assert.deepEqual([other.status, other.code], [403, "CannotVerifyCopySource"]);
        assert.deepEqual(await names(), ["source"]);
        const right = { ...headers, "x-ms-copy-source-authorization": `Bearer ${blob.tokens.a}` };
        assert.ok((await blob.send("PUT", base + path, { headers: right })).status < 203);
        const mismatch = { ...right, "x-ms-source-content-md5": Buffer.alloc(16).toString("base64") };
        assert.equal((await blob.send("PUT", base + path, { headers: mismatch })).code, "Md5Mismatch");
        await container.getBlobClient("target").deleteIfExists();
      });
    }

    it("is read with the caller's token by Copy Blob, which has no token for the source", async () => {
      const headers = { "x-ms-copy-source": `${container.url}/source` };
      const more = { ...headers, "x-ms-copy-source-authorization": `Bearer ${blob.tokens.a}` };
      assert.equal((await blob.send("PUT", `${base}/copy`, { headers: more })).code, "UnsupportedHeader");
      assert.equal((await blob.send("PUT", `${base}/copy`, { headers })).status, 202);
      await container.getBlobClient("copy").delete();
    });

    it("is beyond reach when its account's network is closed", async () => {
      const closed = blob.addAccount("closedacct", { publicNetworkAccess: "Disabled" });
      const headers = {
        "x-ms-copy-source": `${container.url.replace(blob.account.name, closed.name)}/source`,
        "x-ms-copy-source-authorization": `Bearer ${blob.tokens.a}`,
        ...typed,
      };
      const refused = await blob.send("PUT", `${base}/target`, { headers });
      assert.deepEqual([refused.status, refused.code], [403, "CannotVerifyCopySource"]);
    });
  });

  describe("a container's user delegation SAS with every letter", () => {
    const all = "racwdxlt";
    const send = (method: string, query: string, headers: Record<string, string> = {}) => {
      const sas = signed({ permissions: ContainerSASPermissions.parse(all) });
      return blob.send(method, `${base}?restype=container${query}&${sas}`, { token: null, headers });
    };
    const calls: readonly (readonly [method: string, query: string, headers?: Record<string, string>])[] = [
      ["DELETE", ""],
      ["PUT", ""],
      ["GET", ""],
      ["GET", "&comp=metadata"],
      ["PUT", "&comp=metadata", { "x-ms-meta-a": "1" }],
      ["PUT", "&comp=lease", { "x-ms-lease-action": "acquire", "x-ms-lease-duration": "15" }],
      ["GET", "&comp=acl"],
    ];
    for (const [method, query, headers] of calls) {
      it(`may not ${method} the container${query}`, async () => {
        const refused = await send(method, query, headers);
        assert.deepEqual([refused.status, refused.code], [403, "AuthorizationFailure"]);
        const properties = await container.getProperties();
        assert.deepEqual([properties.leaseState, properties.metadata], ["available", {}]);
      });
    }

    it("lists the blobs", async () => assert.equal((await send("GET", "&comp=list")).status, 200));
  });

  it("an account SAS with the letter may delete a container", async () => {
    const open = blob.addAccount("withkeys", { allowSharedKeyAccess: true });
    const credential = new StorageSharedKeyCredential(open.name, accountKey(open, "key1"));
    const sas = generateAccountSASQueryParameters(
      {
        permissions: AccountSASPermissions.parse("dc"),
        services: AccountSASServices.parse("b").toString(),
        resourceTypes: AccountSASResourceTypes.parse("c").toString(),
        expiresOn: new Date(Date.now() + HOUR),
      },
      credential,
    );
    const at = { token: null, account: open.name };
    assert.equal((await blob.send("PUT", `/gone-soon?restype=container&${sas}`, at)).status, 201);
    assert.equal((await blob.send("DELETE", `/gone-soon?restype=container&${sas}`, at)).status, 202);
    assert.equal(blob.emulator.world.containers.has(`${open.name}/gone-soon`), false);
  });

  it("a signature with a term that Azure refuses is refused, however it is signed", async () => {
    const read = async (change: Record<string, string>) => {
      const query = new URLSearchParams(signed({ permissions: ContainerSASPermissions.parse("r") }));
      query.delete("sig");
      for (const [name, value] of Object.entries(change)) query.set(name, value);
      const resource = `/blob/${blob.account.name}${base}`;
      query.set("sig", sign(key.value, delegationStringToSign(resource, query, {})));
      const answer = await blob.send("GET", `${base}/source?${query}`, { token: null });
      return answer.status === 200 ? "200" : `${answer.status} ${answer.code}`;
    };
    assert.equal(await read({}), "200");
    assert.equal(await read({ sip: "127.0.0.0-127.0.0.9", spr: "https" }), "200");
    const changes: readonly Record<string, string>[] = [
      { sp: "wr" }, // not in the reference's order
      { sp: "rr" },
      { sp: "" },
      { spr: "http" },
      { sv: "2018-03-28" }, // before user delegation
      { sv: "2031-01-01" },
      { sr: "d", sdd: "1" }, // a flat account
      { sip: "somewhere" },
      { se: "2020-01-01T00:00:00Z" },
      { st: "2999-01-01T00:00:00Z" },
    ];
    for (const change of changes) assert.equal(await read(change), "403 AuthenticationFailed", JSON.stringify(change));
    assert.equal(await read({ sip: "127.0.0.10-127.0.0.20" }), "403 AuthorizationSourceIPMismatch");
    assert.equal(await read({ sip: "10.0.0.0-10.255.255.255" }), "403 AuthorizationSourceIPMismatch");
    assert.equal(await read({ ses: "scope" }), "400 InvalidQueryParameterValue");
  });

  function signed(values: Pick<BlobSASSignatureValues, "permissions">): string {
    const all = { containerName: container.containerName, expiresOn: new Date(Date.now() + HOUR), ...values };
    return generateBlobSASQueryParameters(all as BlobSASSignatureValues, key, blob.account.name).toString();
  }
});
