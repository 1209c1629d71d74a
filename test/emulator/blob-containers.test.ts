// Containers on the data plane: "Create Container", "Get Container Properties", "Set Container Metadata", "Delete
// Container", "List Containers" and "Lease Container" of the Storage REST reference.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { type BlobFixture, startBlobFixture } from "../support/blob-fixture.ts";

describe("Blob containers", () => {
  let blob: BlobFixture;

  before(async () => {
    blob = await startBlobFixture();
  });
  after(() => blob.close());

  const fresh = () => `c-${randomUUID()}`;

  it("a container that is created twice is 409 ContainerAlreadyExists", async () => {
    const name = fresh();
    const made = await blob.send("PUT", `/${name}?restype=container`);
    assert.equal(made.status, 201);
    assert.match(made.headers["etag"] ?? "", /^"0x[0-9A-F]+"$/);
    const again = await blob.send("PUT", `/${name}?restype=container`);
    assert.equal(again.status, 409);
    assert.equal(again.code, "ContainerAlreadyExists");
  });

  it("names that Azure does not accept are refused", async () => {
    for (const name of ["Upper-Case", "-dash", "dash-", "two--dashes", "under_score"]) {
      const answer = await blob.send("PUT", `/${name}?restype=container`);
      assert.equal(answer.code, "InvalidResourceName", name);
      assert.equal(answer.status, 400);
    }
    for (const name of ["ab", "a".repeat(64)]) {
      const answer = await blob.send("PUT", `/${name}?restype=container`);
      assert.equal(answer.code, "OutOfRangeInput", name);
      assert.match(answer.text, /The specified resource name length is not within the permissible limits\./);
    }
  });

  it("a call for the service without comp is 400, for every caller", async () => {
    for (const token of [undefined, null]) {
      const answer = await blob.send("GET", "/", token === null ? { token } : {});
      assert.equal(answer.status, 400);
      assert.equal(answer.code, "InvalidQueryParameterValue");
      assert.match(answer.text, /<QueryParameterName>comp<\/QueryParameterName><QueryParameterValue \/><Reason \/>/);
    }
  });

  it("XML begins with a byte order mark, refused or not", async () => {
    for (const path of ["/?comp=list", `/${fresh()}/none`]) {
      const { body } = await blob.send("GET", path);
      assert.equal(body.subarray(0, 8).toString("utf8"), "\ufeff<?xml", path);
    }
  });

  it("metadata keeps the case of its names and is replaced as a whole", async () => {
    const name = fresh();
    await blob.send("PUT", `/${name}?restype=container`, { headers: { "x-ms-meta-FirstName": "one" } });
    assert.deepEqual(blob.emulator.world.containers.get(`keylessacct/${name}`)?.metadata, { FirstName: "one" });
    const first = await blob.send("GET", `/${name}?restype=container&comp=metadata`);
    assert.equal(first.headers["x-ms-meta-firstname"], "one");
    await blob.send("PUT", `/${name}?restype=container&comp=metadata`, { headers: { "x-ms-meta-other": "two" } });
    const then = await blob.send("HEAD", `/${name}?restype=container`);
    assert.equal(then.headers["x-ms-meta-firstname"], undefined);
    assert.equal(then.headers["x-ms-meta-other"], "two");
    assert.notEqual(then.headers["etag"], first.headers["etag"]);
  });

  it("metadata names must be identifiers and the whole at most 8 KiB", async () => {
    const bad = await blob.send("PUT", `/${fresh()}?restype=container`, { headers: { "x-ms-meta-not-one": "x" } });
    assert.equal(bad.code, "InvalidMetadata");
    const headers = { "x-ms-meta-a": "x".repeat(5000), "x-ms-meta-b": "x".repeat(5000) };
    assert.equal((await blob.send("PUT", `/${fresh()}?restype=container`, { headers })).code, "MetadataTooLarge");
  });

  it("an absent container is 404 ContainerNotFound, for HEAD in the header only", async () => {
    const name = fresh();
    for (const method of ["GET", "DELETE"]) {
      const answer = await blob.send(method, `/${name}?restype=container`);
      assert.equal(answer.status, 404);
      assert.equal(answer.code, "ContainerNotFound");
    }
    const head = await blob.send("HEAD", `/${name}?restype=container`);
    assert.equal(head.status, 404);
    assert.equal(head.headers["x-ms-error-code"], "ContainerNotFound");
    assert.equal(head.body.length, 0);
  });

  it("deleting removes the blobs, and a new container of the same name is empty", async () => {
    const name = fresh();
    await blob.send("PUT", `/${name}?restype=container`);
    await blob.send("PUT", `/${name}/x`, { body: "x", headers: { "x-ms-blob-type": "BlockBlob" } });
    assert.equal((await blob.send("DELETE", `/${name}?restype=container`)).status, 202);
    assert.equal((await blob.send("GET", `/${name}/x`)).code, "ContainerNotFound");
    assert.equal((await blob.send("PUT", `/${name}?restype=container`)).status, 201);
    assert.equal((await blob.send("GET", `/${name}/x`)).code, "BlobNotFound");
  });

  it("while a deletion is in progress the name is refused and everything else is not found", async () => {
    const slow = await startBlobFixture({ settings: { containerDeleteMs: 30_000 } });
    try {
      const name = (await slow.newContainer()).containerName;
      await slow.send("DELETE", `/${name}?restype=container`);
      const again = await slow.send("PUT", `/${name}?restype=container`);
      assert.equal(again.status, 409);
      assert.equal(again.code, "ContainerBeingDeleted");
      assert.equal((await slow.send("GET", `/${name}?restype=container`)).code, "ContainerNotFound");
      assert.doesNotMatch((await slow.send("GET", "/?comp=list")).text, new RegExp(name));
      slow.emulator.clock.advance(31_000);
      assert.equal((await slow.send("PUT", `/${name}?restype=container`)).status, 201);
    } finally {
      await slow.close();
    }
  });

  it("a container with a lease is deleted only with its id", async () => {
    const client = await blob.newContainer();
    const lease = client.getBlobLeaseClient();
    const { leaseId } = await lease.acquireLease(-1);
    const refused = await blob.send("DELETE", `/${client.containerName}?restype=container`);
    assert.equal(refused.status, 412);
    assert.equal(refused.code, "LeaseIdMissing");
    const other = { headers: { "x-ms-lease-id": randomUUID() } };
    const wrong = await blob.send("DELETE", `/${client.containerName}?restype=container`, other);
    assert.equal(wrong.code, "LeaseIdMismatchWithContainerOperation");
    const properties = await client.getProperties();
    assert.equal(properties.leaseState, "leased");
    assert.equal(properties.leaseDuration, "infinite");
    await client.delete({ conditions: { leaseId: leaseId ?? "" } });
  });

  it("legal holds and immutability policies protect a container", async () => {
    const held = await blob.newContainer();
    const record = blob.emulator.world.containers.get(`keylessacct/${held.containerName}`);
    assert.ok(record);
    record.hasLegalHold = true;
    await blob.send("PUT", `/${held.containerName}/x`, { body: "x", headers: { "x-ms-blob-type": "BlockBlob" } });
    const blobDelete = await blob.send("DELETE", `/${held.containerName}/x`);
    assert.equal(blobDelete.code, "BlobImmutableDueToLegalHold");
    assert.equal((await blob.send("DELETE", `/${held.containerName}?restype=container`)).status, 409);
    record.hasLegalHold = false;
    record.immutabilityPolicy = { state: "Unlocked", periodDays: 1, allowProtectedAppendWrites: false, etag: "" };
    assert.equal((await blob.send("DELETE", `/${held.containerName}/x`)).code, "BlobImmutableDueToPolicy");
    const answer = await blob.send("DELETE", `/${held.containerName}?restype=container`);
    assert.equal(answer.code, "ContainerImmutableDueToPolicy");
  });

  it("conditions on times apply to containers, those on ETags are refused", async () => {
    const client = await blob.newContainer();
    const path = `/${client.containerName}?restype=container`;
    const unmodified = { "if-unmodified-since": new Date(Date.now() - 3_600_000).toUTCString() };
    assert.equal((await blob.send("DELETE", path, { headers: unmodified })).code, "ConditionNotMet");
    assert.equal((await blob.send("DELETE", path, { headers: { "if-match": "*" } })).status, 400);
    assert.equal((await blob.send("DELETE", path)).status, 202);
  });

  it("containers are listed by prefix, page by page, with metadata on request", async () => {
    const mark = `list${Date.now()}`;
    for (const letter of ["a", "b", "c", "d", "e"]) {
      await blob.service().getContainerClient(`${mark}-${letter}`).create({ metadata: { letter } });
    }
    const pages = blob.service().listContainers({ prefix: mark, includeMetadata: true }).byPage({ maxPageSize: 2 });
    const sizes: number[] = [];
    const letters: (string | undefined)[] = [];
    for await (const page of pages) {
      sizes.push(page.containerItems.length);
      letters.push(...page.containerItems.map(({ metadata }) => metadata?.["letter"]));
    }
    assert.deepEqual(sizes, [2, 2, 1]);
    assert.deepEqual(letters, ["a", "b", "c", "d", "e"]);
    const answer = await blob.send("GET", `/?comp=list&prefix=${mark}&maxresults=1`);
    assert.match(answer.text, /<NextMarker>[^<]+<\/NextMarker>/);
    assert.match(answer.text, /ServiceEndpoint="https:\/\/127\.0\.0\.1:\d+\/keylessacct\/"/);
  });
});
