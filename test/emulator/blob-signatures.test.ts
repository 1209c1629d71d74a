// Shared Key and shared access signatures, made by the real SDK: where keys are allowed they work and are checked, and
// a user delegation SAS works on a keyless account too, within the rights of the identity behind it.
import assert from "node:assert/strict";
import {
  AccountSASPermissions,
  AccountSASResourceTypes,
  AccountSASServices,
  BlobClient,
  BlobSASPermissions,
  BlobServiceClient,
  ContainerClient,
  ContainerSASPermissions,
  generateAccountSASQueryParameters,
  generateBlobSASQueryParameters,
  StorageSharedKeyCredential,
} from "@azure/storage-blob";
import { accountKey } from "../../src/emulator/storage/accounts.ts";
import type { StorageAccount } from "../../src/emulator/world.ts";
import { type BlobFixture, ROLES, startBlobFixture } from "../support/blob-fixture.ts";

describe("Blob signatures", () => {
  let blob: BlobFixture;
  let open: StorageAccount;
  let openUrl: string;
  let credential: StorageSharedKeyCredential;
  const hour = 3_600_000;
  const soon = () => new Date(Date.now() + hour);

  before(async () => {
    blob = await startBlobFixture();
    open = blob.addAccount("withkeys", { allowSharedKeyAccess: true, allowBlobPublicAccess: true });
    openUrl = blob.url.replace(blob.account.name, open.name);
    credential = new StorageSharedKeyCredential(open.name, accountKey(open, "key2"));
  });
  after(() => blob.close());

  const keyed = () => new BlobServiceClient(openUrl, credential, { retryOptions: { maxTries: 1 } });
  const codeOf = async (promise: Promise<unknown>) => {
    const error = (await promise.then(
      () => assert.fail("it was not refused"),
      (fault: unknown) => fault,
    )) as { code?: string; statusCode?: number };
    return `${error.statusCode} ${error.code}`;
  };

  it("a key signs every kind of call", async () => {
    const container = keyed().getContainerClient("keyed");
    await container.create({ metadata: { b: "2", A: "1" } });
    const client = container.getBlockBlobClient("some folder/ö.txt");
    await client.upload("by key", 6, { metadata: { x: "1" }, blobHTTPHeaders: { blobContentType: "text/plain" } });
    assert.equal((await client.downloadToBuffer()).toString(), "by key");
    const names: string[] = [];
    for await (const item of container.listBlobsFlat({ prefix: "some folder/", includeMetadata: true })) {
      names.push(item.name);
    }
    assert.deepEqual(names, ["some folder/ö.txt"]);
    await client.setTags({ a: "b" });
    await client.delete();
  });

  it("another key, an old date or a changed request is 403 AuthenticationFailed", async () => {
    const wrong = new StorageSharedKeyCredential(open.name, Buffer.alloc(64).toString("base64"));
    const client = new BlobServiceClient(openUrl, wrong, { retryOptions: { maxTries: 1 } });
    assert.equal(await codeOf(client.getProperties()), "403 AuthenticationFailed");
    blob.emulator.clock.advance(hour);
    try {
      assert.equal(await codeOf(keyed().getProperties()), "403 AuthenticationFailed");
    } finally {
      blob.emulator.clock.advance(-hour);
    }
  });

  it("service properties are set and read, and shown to Resource Manager", async () => {
    const service = keyed();
    await service.setProperties({
      deleteRetentionPolicy: { enabled: true, days: 7 },
      cors: [
        { allowedOrigins: "*", allowedMethods: "GET", allowedHeaders: "*", exposedHeaders: "*", maxAgeInSeconds: 5 },
      ],
      defaultServiceVersion: "2020-10-02",
    });
    const properties = await service.getProperties();
    assert.equal(properties.deleteRetentionPolicy?.days, 7);
    assert.equal(properties.cors?.[0]?.allowedMethods, "GET");
    assert.equal(properties.defaultServiceVersion, "2020-10-02");
    assert.deepEqual(open.blobService["deleteRetentionPolicy"], { enabled: true, days: 7 });
    const info = await service.getAccountInfo();
    assert.equal(info.skuName, "Standard_LRS");
    assert.equal(info.accountKind, "StorageV2");
  });

  it("browsers are permitted by the account's CORS rules", async () => {
    const ask = (method: string, wanted: string) =>
      blob.send("OPTIONS", `/../${open.name}/c/x`, {
        token: null,
        headers: {
          origin: "https://app.example",
          "access-control-request-method": method,
          "access-control-request-headers": wanted,
        },
      });
    open.blobService["cors"] = { corsRules: [] };
    assert.equal((await ask("GET", "")).code, "CorsPreflightFailure");
    const rule = { allowedOrigins: ["https://app.example"], allowedMethods: ["GET"], allowedHeaders: ["x-ms-*"] };
    open.blobService["cors"] = { corsRules: [{ ...rule, exposedHeaders: ["etag"], maxAgeInSeconds: 60 }] };
    const good = await ask("GET", "x-ms-version,X-Ms-Date");
    assert.equal(good.status, 200);
    assert.equal(good.headers["access-control-allow-origin"], "https://app.example");
    assert.equal(good.headers["access-control-max-age"], "60");
    assert.equal((await ask("PUT", "")).status, 403);
    assert.equal((await ask("GET", "authorization")).status, 403);
    const headers = { origin: "https://app.example" };
    const answer = await blob.send("GET", `/../${open.name}/c/x`, { token: null, headers });
    assert.equal(answer.headers["access-control-allow-origin"], "https://app.example");
    assert.equal(answer.headers["access-control-expose-headers"], "etag");
  });

  it("a service SAS grants what its letters say, until it expires", async () => {
    const container = keyed().getContainerClient("sas");
    await container.create();
    await container.getBlockBlobClient("x").upload("x", 1);
    const parameters = generateBlobSASQueryParameters(
      {
        containerName: "sas",
        blobName: "x",
        permissions: BlobSASPermissions.parse("r"),
        startsOn: new Date(Date.now() - hour),
        expiresOn: soon(),
        contentType: "text/special",
      },
      credential,
    );
    const url = `${openUrl}/sas/x?${parameters}`;
    const client = new BlobClient(url).getBlockBlobClient();
    assert.equal((await client.download()).contentType, "text/special");
    assert.equal(await codeOf(client.upload("y", 1)), "403 AuthorizationPermissionMismatch");
    const other = new BlobClient(url.replace("/sas/x?", "/sas/y?"));
    assert.equal(await codeOf(other.download()), "403 AuthenticationFailed");
    blob.emulator.clock.advance(2 * hour);
    try {
      assert.equal(await codeOf(client.download()), "403 AuthenticationFailed");
    } finally {
      blob.emulator.clock.advance(-2 * hour);
    }
  });

  it("a stored access policy completes a SAS, and removing it ends the SAS", async () => {
    const container = keyed().getContainerClient("policy");
    await container.create();
    const policy = { startsOn: new Date(Date.now() - hour), expiresOn: soon(), permissions: "rl" };
    await container.setAccessPolicy(undefined, [{ id: "readers", accessPolicy: policy }]);
    assert.equal((await container.getAccessPolicy()).signedIdentifiers[0]?.accessPolicy.permissions, "rl");
    const parameters = generateBlobSASQueryParameters({ containerName: "policy", identifier: "readers" }, credential);
    const client = new ContainerClient(`${openUrl}/policy?${parameters}`);
    assert.equal((await client.listBlobsFlat().byPage().next()).done, false);
    await container.setAccessPolicy();
    assert.equal(await codeOf(client.listBlobsFlat().next()), "403 AuthenticationFailed");
  });

  it("an account SAS is bounded by services, resource types and letters", async () => {
    const signed = (types: string, letters: string, services = "b") =>
      generateAccountSASQueryParameters(
        {
          expiresOn: soon(),
          permissions: AccountSASPermissions.parse(letters),
          resourceTypes: AccountSASResourceTypes.parse(types).toString(),
          services: AccountSASServices.parse(services).toString(),
        },
        credential,
      );
    const container = (query: unknown) => new ContainerClient(`${openUrl}/by-sas?${query}`);
    await container(signed("c", "c")).create();
    await container(signed("o", "cw")).getBlockBlobClient("x").upload("x", 1);
    assert.equal(
      await codeOf(container(signed("c", "r")).getBlobClient("x").download()),
      "403 AuthorizationResourceTypeMismatch",
    );
    assert.equal(
      await codeOf(container(signed("o", "w")).getBlobClient("x").download()),
      "403 AuthorizationPermissionMismatch",
    );
    assert.equal(await codeOf(container(signed("c", "r", "q")).getProperties()), "403 AuthorizationServiceMismatch");
    assert.equal(
      await codeOf(container(signed("o", "c")).getBlockBlobClient("x").upload("y", 1)),
      "403 AuthorizationPermissionMismatch",
    );
  });

  it("public containers are readable without credentials where the account permits it", async () => {
    const container = keyed().getContainerClient("public");
    await container.create({ access: "blob" });
    await container.getBlockBlobClient("x").upload("seen", 4);
    const anybody = new ContainerClient(`${openUrl}/public`);
    assert.equal((await anybody.getBlobClient("x").downloadToBuffer()).toString(), "seen");
    const early = { "x-ms-version": "2009-09-19" };
    const read = (range: string) => fetch(`${openUrl}/public/x`, { headers: { range, ...early } });
    assert.equal((await read("bytes=1-")).status, 200, "an open range came with version 2011-08-18");
    assert.equal((await read("bytes=1-2")).status, 206);
    assert.equal(await codeOf(anybody.listBlobsFlat().next()), "401 NoAuthenticationInformation");
    await container.setAccessPolicy("container");
    assert.equal((await anybody.listBlobsFlat().next()).value?.name, "x");
  });

  it("a SAS for one blob copies no other into it", async () => {
    const container = await blob.newContainer();
    await container.getBlockBlobClient("secret").upload("secret", 6);
    const key = await blob.service().getUserDelegationKey(new Date(Date.now() - hour), soon());
    const sas = generateBlobSASQueryParameters(
      {
        containerName: container.containerName,
        blobName: "mine",
        expiresOn: soon(),
        permissions: BlobSASPermissions.parse("rw"),
      },
      key,
      blob.account.name,
    );
    const headers = { "x-ms-copy-source": `${container.url}/secret`, "x-ms-requires-sync": "true" };
    const copied = await blob.send("PUT", `/${container.containerName}/mine?${sas}`, { token: null, headers });
    assert.deepEqual([copied.status, copied.code], [401, "CannotVerifyCopySource"]);
    assert.equal(await container.getBlobClient("mine").exists(), false);
  });

  it("a user delegation SAS works on a keyless account, within the rights of its identity", async () => {
    const container = await blob.newContainer();
    await container.getBlockBlobClient("x").upload("keyless", 7);
    const key = await blob.service().getUserDelegationKey(new Date(Date.now() - hour), soon());
    const values = { containerName: container.containerName, expiresOn: soon() };
    const sign = (letters: string, version?: string) =>
      generateBlobSASQueryParameters(
        {
          ...values,
          permissions: ContainerSASPermissions.parse(letters),
          ...(version === undefined ? {} : { version }),
        },
        key,
        blob.account.name,
      );
    for (const version of [undefined, "2018-11-09", "2020-02-10", "2020-12-06", "2025-07-05"]) {
      const client = new ContainerClient(`${container.url}?${sign("rl", version)}`);
      assert.equal((await client.getBlobClient("x").downloadToBuffer()).toString(), "keyless", version);
    }
    const reading = new ContainerClient(`${container.url}?${sign("r")}`);
    assert.equal(await codeOf(reading.getBlobClient("x").delete()), "403 AuthorizationPermissionMismatch");
    const query = sign("rwdl").toString();
    const forged = new ContainerClient(`${container.url}?${query.replace(/sp=\w+/, "sp=racwdl")}`);
    assert.equal(await codeOf(forged.getBlobClient("x").download()), "403 AuthenticationFailed");
  });

  it("the SAS ends with the rights of the identity that signed it", async () => {
    const container = await blob.newContainer();
    await container.getBlockBlobClient("x").upload("x", 1);
    blob.grant("b", ROLES.reader, blob.account.id);
    const key = await blob.service("b").getUserDelegationKey(new Date(Date.now() - hour), soon());
    const permissions = ContainerSASPermissions.parse("rw");
    const values = { containerName: container.containerName, permissions, expiresOn: soon() };
    const client = new ContainerClient(
      `${container.url}?${generateBlobSASQueryParameters(values, key, blob.account.name)}`,
    );
    assert.equal((await client.getBlobClient("x").downloadToBuffer()).toString(), "x");
    assert.equal(await codeOf(client.getBlockBlobClient("x").upload("y", 1)), "403 AuthorizationPermissionMismatch");
    for (const [name, assignment] of blob.emulator.world.roleAssignments) {
      if (assignment.scope === blob.account.id && assignment.roleDefinitionName === ROLES.reader) {
        blob.emulator.world.roleAssignments.delete(name);
      }
    }
    assert.equal(await codeOf(client.getBlobClient("x").download()), "403 AuthorizationPermissionMismatch");
  });
});
