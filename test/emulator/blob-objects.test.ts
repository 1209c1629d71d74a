// Blobs written and read whole, in ranges and under conditions: "Put Blob", "Get Blob", "Get Blob Properties", "Set
// Blob Properties", "Specifying conditional headers" and "Specifying the range header" of the Storage REST reference.
import assert from "node:assert/strict";
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import type { ContainerClient } from "@azure/storage-blob";
import { type BlobFixture, ROLES, startBlobFixture } from "../support/blob-fixture.ts";

describe("Blob objects", () => {
  let blob: BlobFixture;
  let container: ContainerClient;
  let base: string;

  before(async () => {
    blob = await startBlobFixture();
    blob.grant("a", ROLES.owner, blob.account.id);
    container = await blob.newContainer();
    base = `/${container.containerName}`;
  });
  after(() => blob.close());

  const typed = { "x-ms-blob-type": "BlockBlob" };
  const put = (path: string, body: string, headers: Record<string, string> = {}) =>
    blob.send("PUT", `${base}/${path}`, { body, headers: { ...typed, ...headers } });
  const md5 = (text: string) => createHash("md5").update(text).digest("base64");

  it("a blob is read as it was put, with its headers and metadata", async () => {
    const name = "folder/ä ö+ü%25 .txt";
    const client = container.getBlockBlobClient(name);
    await client.upload("content", 7, {
      blobHTTPHeaders: {
        blobContentType: "text/plain",
        blobContentLanguage: "de",
        blobContentDisposition: "inline",
        blobCacheControl: "no-cache",
        blobContentEncoding: "identity",
      },
      metadata: { Owner: "me" },
      tags: { project: "x" },
    });
    const read = await client.download();
    assert.equal(await textOf(read.readableStreamBody), "content");
    assert.equal(read.contentType, "text/plain");
    assert.equal(read.contentLanguage, "de");
    assert.equal(read.contentDisposition, "inline");
    assert.equal(read.cacheControl, "no-cache");
    assert.equal(read.contentEncoding, "identity");
    assert.deepEqual(read.metadata, { owner: "me" });
    assert.equal(read.tagCount, 1);
    const properties = await client.getProperties();
    assert.equal(properties.accessTier, "Hot");
    assert.equal(properties.accessTierInferred, true);
    assert.equal(properties.contentLength, 7);
    assert.equal(Buffer.from(properties.contentMD5 ?? []).toString("base64"), md5("content"));
  });

  it("a HEAD has the length of the blob and no body", async () => {
    await put("head", "four");
    const answer = await blob.send("HEAD", `${base}/head`);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers["content-length"], "4");
    assert.equal(answer.headers["x-ms-blob-type"], "BlockBlob");
    assert.equal(answer.body.length, 0);
  });

  it("overwriting replaces content, metadata and ETag and keeps the creation time", async () => {
    const first = await put("again", "one", { "x-ms-meta-a": "1" });
    const created = (await blob.send("HEAD", `${base}/again`)).headers["x-ms-creation-time"];
    const second = await put("again", "two");
    assert.notEqual(first.headers["etag"], second.headers["etag"]);
    const answer = await blob.send("GET", `${base}/again`);
    assert.equal(answer.text, "two");
    assert.equal(answer.headers["x-ms-meta-a"], undefined);
    assert.equal(answer.headers["x-ms-creation-time"], created);
  });

  it("an error names what is missing or wrong in a put", async () => {
    const untyped = await blob.send("PUT", `${base}/x`, { body: "x" });
    assert.equal(untyped.status, 400);
    assert.equal(untyped.code, "MissingRequiredHeader");
    assert.match(untyped.text, /<HeaderName>x-ms-blob-type<\/HeaderName>/);
    const paged = await blob.send("PUT", `${base}/x`, { headers: { "x-ms-blob-type": "PageBlob" } });
    assert.equal(paged.code, "BlobTypeNotSupported");
    assert.equal((await put("x", "x", { "x-ms-blob-type": "Other" })).code, "InvalidHeaderValue");
    assert.equal((await blob.send("PUT", `/absent-one/x`, { body: "x", headers: typed })).code, "ContainerNotFound");
    assert.equal((await blob.send("PUT", `${base}/${"n".repeat(1025)}`, { body: "x", headers: typed })).status, 400);
  });

  it("a body longer than its version permits is 413 before it is read", async () => {
    const headers = { ...typed, "content-length": String(6000 * 1024 * 1024), connection: "close" };
    const answer = await blob.send("PUT", `${base}/huge`, { headers });
    assert.equal(answer.status, 413);
    assert.equal(answer.code, "RequestBodyTooLarge");
  });

  describe("checksums", () => {
    it("a body whose MD5 or CRC64 differs is refused and leaves no blob", async () => {
      const wrong = await put("sum", "body", { "content-md5": md5("other") });
      assert.equal(wrong.status, 400);
      assert.equal(wrong.code, "Md5Mismatch");
      assert.equal((await put("sum", "body", { "content-md5": "short" })).code, "InvalidMd5");
      const crc = await put("sum", "body", { "x-ms-content-crc64": "AAAAAAAAAAA=" });
      assert.equal(crc.code, "Crc64Mismatch");
      assert.equal((await put("sum", "body", { "x-ms-blob-content-md5": md5("other") })).code, "Md5Mismatch");
      assert.equal((await blob.send("GET", `${base}/sum`)).status, 404);
    });

    it("correct checksums are accepted and returned", async () => {
      const answer = await put("sum", "Hello World!", { "x-ms-content-crc64": "peH8Xsgc5QI=" });
      assert.equal(answer.status, 201);
      assert.equal(answer.headers["x-ms-content-crc64"], "peH8Xsgc5QI=");
      assert.equal(answer.headers["content-md5"], md5("Hello World!"));
      assert.equal((await put("sum", "Hello World!", { "content-md5": md5("Hello World!") })).status, 201);
    });
  });

  describe("structured bodies", () => {
    const structured = { "x-ms-structured-body": "XSM/1.0; properties=crc64" };

    it("the SDK's CRC64-checked upload and download preserve a body", async () => {
      const body = randomBytes(9 * 1024 * 1024 + 3);
      const client = container.getBlockBlobClient("structured");
      await client.upload(body, body.length, { contentChecksumAlgorithm: "StorageCrc64" });
      const read = await client.download(0, undefined, { contentChecksumAlgorithm: "StorageCrc64" });
      assert.ok((await bufferOf(read.readableStreamBody)).equals(body));
      const part = await client.download(5, 100, { contentChecksumAlgorithm: "StorageCrc64" });
      assert.ok((await bufferOf(part.readableStreamBody)).equals(body.subarray(5, 105)));
      const plain = await blob.send("GET", `${base}/structured`);
      assert.ok(plain.body.equals(body));
    });

    it("a malformed body is refused, and the connection can be used for the next call", async () => {
      for (const body of ["", "too short", Buffer.alloc(100_000)]) {
        const answer = await blob.send("PUT", `${base}/bad`, { body, headers: { ...typed, ...structured } });
        assert.equal(answer.status, 400);
        assert.equal(answer.code, "InvalidInput");
      }
      assert.equal((await blob.send("GET", `${base}/bad`)).status, 404);
    });
  });

  it("a chunked body that turns out too long is 413, and the connection can be used for the next call", async () => {
    await container.getAppendBlobClient("limited").create();
    const headers = { "x-ms-version": "2021-12-02", "transfer-encoding": "chunked" };
    const body = Readable.from([Buffer.alloc(3 * 1024 * 1024), Buffer.alloc(3 * 1024 * 1024)]);
    const answer = await blob.send("PUT", `${base}/limited?comp=appendblock`, { headers, body });
    assert.equal(answer.status, 413);
    assert.equal((await blob.send("HEAD", `${base}/limited`)).headers["content-length"], "0");
  });

  describe("soft delete", () => {
    before(() => {
      blob.account.blobService["deleteRetentionPolicy"] = { enabled: true, days: 2 };
    });
    after(() => {
      blob.account.blobService = {};
    });
    const listed = async (prefix: string) => {
      const names: string[] = [];
      const wanted = { includeDeleted: true, includeSnapshots: true, prefix };
      for await (const item of container.listBlobsFlat(wanted)) {
        names.push(
          `${item.deleted === true ? "deleted" : "live"} ${item.snapshot === undefined ? "blob" : "snapshot"}`,
        );
      }
      return names;
    };

    it("a deleted blob is listed on request, and can be restored", async () => {
      const client = container.getBlockBlobClient("soft-1");
      await client.upload("kept", 4);
      await client.delete();
      assert.equal((await blob.send("GET", `${base}/soft-1`)).code, "BlobNotFound");
      assert.deepEqual(await listed("soft-1"), ["deleted blob"]);
      await client.undelete();
      assert.equal(await textOf((await client.download()).readableStreamBody), "kept");
      assert.deepEqual(await listed("soft-1"), ["live blob"]);
    });

    it("an overwritten blob is retained as a deleted snapshot, until its retention ends", async () => {
      const client = container.getBlockBlobClient("soft-2");
      await client.upload("one", 3);
      await client.upload("two", 3);
      assert.deepEqual(await listed("soft-2"), ["deleted snapshot", "live blob"]);
      blob.emulator.clock.advance(3 * 24 * 3_600_000);
      try {
        const token = await blob.tokenFor("a");
        const query = "restype=container&comp=list&include=deleted,snapshots&prefix=soft-2";
        const page = await blob.send("GET", `${base}?${query}`, { token });
        assert.doesNotMatch(page.text, /<Deleted>/);
        assert.match(page.text, /<Name>soft-2<\/Name>/);
      } finally {
        blob.emulator.clock.advance(-3 * 24 * 3_600_000);
      }
    });
  });

  describe("ranges", () => {
    const content = "0123456789";
    const read = (range: Record<string, string>) => blob.send("GET", `${base}/range`, { headers: range });

    before(() => put("range", content));

    it("a range is 206 with its position, and the whole blob's MD5 in another header", async () => {
      const answer = await read({ range: "bytes=2-5" });
      assert.equal(answer.status, 206);
      assert.equal(answer.text, "2345");
      assert.equal(answer.headers["content-range"], "bytes 2-5/10");
      assert.equal(answer.headers["content-length"], "4");
      assert.equal(answer.headers["content-md5"], undefined);
      assert.equal(answer.headers["x-ms-blob-content-md5"], md5(content));
    });

    it("an open range ends at the end, and so does one that asks for more", async () => {
      assert.equal((await read({ range: "bytes=7-" })).text, "789");
      assert.equal((await read({ range: "bytes=7-99" })).headers["content-range"], "bytes 7-9/10");
    });

    it("x-ms-range takes precedence over Range", async () => {
      assert.equal((await read({ range: "bytes=0-0", "x-ms-range": "bytes=9-9" })).text, "9");
    });

    it("the MD5 of a range is returned on request", async () => {
      const answer = await read({ range: "bytes=0-2", "x-ms-range-get-content-md5": "true" });
      assert.equal(answer.headers["content-md5"], md5("012"));
    });

    it("the CRC64 of a range is returned on request, but not both checksums, nor any of the whole blob", async () => {
      const whole = await put("crc", "012");
      const answer = await read({ range: "bytes=0-2", "x-ms-range-get-content-crc64": "true" });
      assert.equal(answer.headers["x-ms-content-crc64"], whole.headers["x-ms-content-crc64"]);
      const md5Too = { "x-ms-range-get-content-md5": "true", "x-ms-range-get-content-crc64": "true" };
      for (const headers of [{ range: "bytes=0-2", ...md5Too }, { "x-ms-range-get-content-md5": "true" }]) {
        const refused = await read(headers);
        assert.equal(refused.status, 400);
        assert.equal(refused.code, "InvalidHeaderValue");
      }
    });

    it("several ranges at once, and one from the end, are ignored and the whole blob is returned", async () => {
      for (const range of ["bytes=0-1,3-4", "bytes=-2"]) {
        const answer = await read({ range });
        assert.equal(answer.status, 200, range);
        assert.equal(answer.headers["content-range"], undefined);
      }
    });

    it("a range that begins after the end is 416 InvalidRange", async () => {
      const answer = await read({ range: "bytes=10-12" });
      assert.equal(answer.status, 416);
      assert.equal(answer.headers["content-range"], "bytes */10");
      assert.equal(answer.code, "InvalidRange");
    });

    it("an empty blob is read whole", async () => {
      await put("empty", "");
      const answer = await blob.send("GET", `${base}/empty`);
      assert.equal(answer.status, 200);
      assert.equal(answer.headers["content-length"], "0");
    });
  });

  describe("conditions", () => {
    let etag: string;
    let modified: string;
    const get = (headers: Record<string, string>) => blob.send("GET", `${base}/cond`, { headers });
    const before1 = new Date(Date.now() - 3_600_000).toUTCString();
    const after1 = new Date(Date.now() + 3_600_000).toUTCString();

    beforeEach(async () => {
      const answer = await put("cond", "x");
      etag = answer.headers["etag"] ?? "";
      modified = answer.headers["last-modified"] ?? "";
    });

    it("reads of an unchanged blob are 304 without a body", async () => {
      for (const headers of [{ "if-none-match": etag }, { "if-modified-since": modified }]) {
        const answer = await get(headers);
        assert.equal(answer.status, 304);
        assert.equal(answer.body.length, 0);
        assert.equal(answer.headers["x-ms-error-code"], "ConditionNotMet");
      }
    });

    it("reads of another version than expected are 412", async () => {
      for (const headers of [{ "if-match": '"0x1"' }, { "if-unmodified-since": before1 }]) {
        const answer = await get(headers);
        assert.equal(answer.status, 412);
        assert.equal(answer.code, "ConditionNotMet");
      }
    });

    it("reads whose condition holds are answered", async () => {
      const good = [
        { "if-match": etag },
        { "if-match": "*" },
        { "if-none-match": '"0x1"' },
        { "if-modified-since": before1 },
        { "if-unmodified-since": after1 },
      ];
      for (const headers of good) assert.equal((await get(headers)).status, 200, JSON.stringify(headers));
    });

    it("a read with If-None-Match * is 400 UnsatisfiableCondition", async () => {
      for (const method of ["GET", "HEAD"]) {
        const answer = await blob.send(method, `${base}/cond`, { headers: { "if-none-match": "*" } });
        assert.equal(answer.status, 400, method);
        assert.equal(answer.code, "UnsatisfiableCondition", method);
      }
    });

    it("a read may name several ETags and combine conditions", async () => {
      const cases: readonly [Record<string, string>, number][] = [
        [{ "if-match": `"0x1", ${etag}` }, 200],
        [{ "if-match": '"0x1", "0x2"' }, 412],
        [{ "if-none-match": `"0x1", ${etag}` }, 304],
        [{ "if-none-match": '"0x1", "0x2"' }, 200],
        [{ "if-match": etag, "if-unmodified-since": before1 }, 412],
        [{ "if-none-match": etag, "if-modified-since": before1 }, 200],
        [{ "if-none-match": '"0x1"', "if-modified-since": after1 }, 200],
        [{ "if-none-match": etag, "if-modified-since": after1 }, 304],
        [{ "if-match": '"0x1"', "if-none-match": etag }, 412],
      ];
      for (const [headers, status] of cases) assert.equal((await get(headers)).status, status, JSON.stringify(headers));
    });

    it("a write may name one ETag and only compatible conditions", async () => {
      const bad = [
        { "if-match": `"0x1", ${etag}` },
        { "if-none-match": `"0x1", "0x2"` },
        { "if-match": etag, "if-none-match": '"0x1"' },
        { "if-match": etag, "if-modified-since": before1 },
        { "if-unmodified-since": after1, "if-modified-since": before1 },
      ];
      for (const headers of bad) {
        const answer = await put("cond", "y", headers);
        assert.equal(answer.status, 400, JSON.stringify(headers));
        assert.equal(answer.code, "MultipleConditionHeadersNotSupported");
      }
      assert.equal((await put("cond", "y", { "if-match": etag, "if-unmodified-since": before1 })).status, 201);
    });

    it("writes are refused with 412, and with 409 when nothing may exist", async () => {
      assert.equal((await put("cond", "y", { "if-match": '"0x1"' })).status, 412);
      assert.equal((await put("cond", "y", { "if-none-match": etag })).status, 412);
      assert.equal((await put("cond", "y", { "if-modified-since": after1 })).status, 412);
      const taken = await put("cond", "y", { "if-none-match": "*" });
      assert.equal(taken.status, 409);
      assert.equal(taken.code, "BlobAlreadyExists");
      assert.equal((await blob.send("DELETE", `${base}/cond`, { headers: { "if-match": '"0x1"' } })).status, 412);
      assert.equal((await get({})).text, "x");
    });

    it("a write on an absent blob with If-Match is 412, with If-None-Match * it is created", async () => {
      assert.equal((await put(`new-${randomUUID()}`, "y", { "if-match": "*" })).status, 412);
      assert.equal((await put(`new-${randomUUID()}`, "y", { "if-none-match": "*" })).status, 201);
    });
  });

  describe("changes", () => {
    it("setting properties replaces all of them and changes the ETag", async () => {
      const client = container.getBlockBlobClient("props");
      await client.upload("x", 1, { blobHTTPHeaders: { blobContentType: "text/plain", blobCacheControl: "no-store" } });
      const old = await client.getProperties();
      await client.setHTTPHeaders({ blobContentType: "text/html" });
      const now = await client.getProperties();
      assert.equal(now.contentType, "text/html");
      assert.equal(now.cacheControl, undefined);
      assert.notEqual(now.etag, old.etag);
    });

    it("metadata, tags and tier are set and read", async () => {
      const client = container.getBlockBlobClient("meta");
      await client.upload("x", 1, { tier: "Cool" });
      await client.setMetadata({ hdi_isfolder: "true" });
      await client.setTags({ a: "1", b: "two words" });
      assert.deepEqual((await client.getTags()).tags, { a: "1", b: "two words" });
      assert.equal((await client.getProperties()).accessTier, "Cool");
      await client.setAccessTier("Archive");
      const answer = await blob.send("GET", `${base}/meta`);
      assert.equal(answer.status, 409);
      assert.equal(answer.code, "BlobArchived");
      const names = await blob.send("HEAD", `${base}/meta?comp=metadata`);
      assert.equal(names.headers["x-ms-meta-hdi_isfolder"], "true");
    });

    it("a deleted blob is not found, deleting it again is 404", async () => {
      await put("gone", "x");
      assert.equal((await blob.send("DELETE", `${base}/gone`)).status, 202);
      assert.equal((await blob.send("GET", `${base}/gone`)).code, "BlobNotFound");
      assert.equal((await blob.send("DELETE", `${base}/gone`)).code, "BlobNotFound");
    });

    it("a snapshot keeps the old content and must be considered when the blob is deleted", async () => {
      const client = container.getBlockBlobClient("snapped");
      await client.upload("old", 3, { metadata: { state: "old" } });
      const { snapshot } = await client.createSnapshot();
      assert.match(snapshot ?? "", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$/);
      await client.upload("new", 3);
      const then = client.withSnapshot(snapshot ?? "");
      assert.equal(await textOf((await then.download()).readableStreamBody), "old");
      assert.deepEqual((await then.getProperties()).metadata, { state: "old" });
      const refused = await blob.send("DELETE", `${base}/snapped`);
      assert.equal(refused.status, 409);
      assert.equal(refused.code, "SnapshotsPresent");
      await client.delete({ deleteSnapshots: "only" });
      assert.equal(await textOf((await client.download()).readableStreamBody), "new");
      await client.createSnapshot();
      await client.delete({ deleteSnapshots: "include" });
      assert.equal((await blob.send("GET", `${base}/snapped`)).status, 404);
    });
  });

  it("an aborted upload leaves no blob and no file", async () => {
    const directory = join(dirname(blob.emulator.info.caFile), "blobs");
    const folders = (await readdir(directory)).length;
    const broken = new Readable({
      read() {
        this.push(Buffer.alloc(1000));
        this.destroy(new Error("enough"));
      },
    });
    const headers = { ...typed, "content-length": "100000" };
    const outcome = blob.send("PUT", `${base}/broken`, { headers, body: broken });
    broken.on("error", () => undefined);
    await Promise.race([outcome.catch(() => undefined), new Promise((resolve) => broken.once("close", resolve))]);
    assert.equal((await blob.send("GET", `${base}/broken`)).status, 404);
    assert.ok((await readdir(directory)).length <= folders + 1);
  });

  it("an overwritten or deleted body leaves no file behind", async () => {
    const directory = join(dirname(blob.emulator.info.caFile), "blobs");
    await put("file", "first");
    const files = (await readdir(directory)).length;
    for (let round = 0; round < 5; round += 1) await put("file", `round ${round}`);
    assert.equal((await readdir(directory)).length, files);
    await blob.send("DELETE", `${base}/file`);
    assert.equal((await readdir(directory)).length, files - 1);
  });

  it("a download continues with the old content while the blob is overwritten", async () => {
    const client = container.getBlockBlobClient("racing");
    const old = Buffer.alloc(8 * 1024 * 1024, "o");
    await client.upload(old, old.length);
    const read = await client.download();
    await client.upload("new", 3);
    const received = await bufferOf(read.readableStreamBody);
    assert.ok(received.equals(old));
  });

  it("what is not emulated is refused, not ignored", async () => {
    const encrypted = await put("cpk", "x", { "x-ms-encryption-key": "AAAA" });
    assert.equal(encrypted.code, "UnsupportedHeader");
    await put("paged", "x");
    assert.equal((await blob.send("GET", `${base}/paged?comp=pagelist`)).code, "InvalidBlobType");
    assert.equal((await blob.send("GET", `${base}/paged?comp=unknown`)).code, "InvalidQueryParameterValue");
    assert.equal((await blob.send("POST", `${base}/paged`)).status, 405);
  });

  it("a client that waits for 100 Continue gets it before it sends the body", async () => {
    const order: string[] = [];
    const body = new Readable({
      read() {
        order.push("body");
        this.push("late");
        this.push(null);
      },
    });
    const headers = { ...typed, expect: "100-continue", "content-length": "4" };
    const answer = await blob.send("PUT", `${base}/late`, { headers, body, onContinue: () => order.push("continue") });
    assert.equal(answer.status, 201);
    assert.deepEqual(order.slice(0, 2), ["continue", "body"]);
  });

  it("append blobs grow block by block and can be sealed", async () => {
    const client = container.getAppendBlobClient("log");
    await client.create();
    const first = await client.appendBlock("one,", 4);
    const second = await client.appendBlock("two", 3);
    assert.equal(first.blobAppendOffset, "0");
    assert.equal(second.blobAppendOffset, "4");
    assert.equal(second.blobCommittedBlockCount, 2);
    assert.equal(await textOf((await client.download()).readableStreamBody), "one,two");
    const misplaced = await blob.send("PUT", `${base}/log?comp=appendblock`, {
      body: "x",
      headers: { "x-ms-blob-condition-appendpos": "3" },
    });
    assert.equal(misplaced.code, "AppendPositionConditionNotMet");
    await client.seal();
    assert.equal((await blob.send("PUT", `${base}/log?comp=appendblock`, { body: "x" })).code, "BlobIsSealed");
  });
});

async function bufferOf(stream: NodeJS.ReadableStream | undefined): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream ?? []) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks);
}

async function textOf(stream: NodeJS.ReadableStream | undefined): Promise<string> {
  return (await bufferOf(stream)).toString("utf8");
}
