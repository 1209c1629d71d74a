// Block blobs by blocks: "Put Block", "Put Block List", "Get Block List", and copies: "Copy Blob", "Put Blob From URL",
// "Put Block From URL" of the Storage REST reference.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { ContainerClient } from "@azure/storage-blob";
import { type BlobFixture, ROLES, startBlobFixture } from "../support/blob-fixture.ts";

describe("Blob blocks and copies", () => {
  let blob: BlobFixture;
  let container: ContainerClient;
  let base: string;

  before(async () => {
    blob = await startBlobFixture();
    container = await blob.newContainer();
    base = `/${container.containerName}`;
  });
  after(() => blob.close());

  const id = (text: string) => Buffer.from(text).toString("base64");
  const putBlock = (name: string, block: string, body: string, headers: Record<string, string> = {}) =>
    blob.send("PUT", `${base}/${name}?comp=block&blockid=${encodeURIComponent(id(block))}`, { body, headers });
  const putList = (name: string, xml: string, headers: Record<string, string> = {}) =>
    blob.send("PUT", `${base}/${name}?comp=blocklist`, { body: `<BlockList>${xml}</BlockList>`, headers });
  const textOf = async (name: string) => (await blob.send("GET", `${base}/${name}`)).text;

  it("blocks become a blob in the order of the list, with its properties", async () => {
    for (const [block, body] of [
      ["b1", "one "],
      ["b2", "two "],
      ["b3", "three"],
    ] as const) {
      assert.equal((await putBlock("parts", block, body)).status, 201);
    }
    assert.equal((await blob.send("GET", `${base}/parts`)).code, "BlobNotFound");
    const headers = { "x-ms-blob-content-type": "text/plain", "content-type": "application/xml", "x-ms-meta-n": "1" };
    const list = ["b3", "b1"].map((block) => `<Latest>${id(block)}</Latest>`).join("");
    assert.equal((await putList("parts", list, headers)).status, 201);
    const read = await blob.send("GET", `${base}/parts`);
    assert.equal(read.text, "threeone ");
    assert.equal(read.headers["content-type"], "text/plain");
    assert.equal(read.headers["x-ms-meta-n"], "1");
    assert.equal(read.headers["content-md5"], undefined);
    const lists = await blob.send("GET", `${base}/parts?comp=blocklist&blocklisttype=all`);
    assert.match(lists.text, /<CommittedBlocks><Block><Name>YjM=<\/Name><Size>5<\/Size><\/Block>/);
    assert.match(lists.text, /<UncommittedBlocks \/>/);
    assert.equal(lists.headers["x-ms-blob-content-length"], "9");
  });

  it("a committed block can be kept while others are replaced", async () => {
    await putBlock("patch", "b1", "A");
    await putBlock("patch", "b2", "B");
    await putList("patch", `<Latest>${id("b1")}</Latest><Latest>${id("b2")}</Latest>`);
    await putBlock("patch", "b2", "changed");
    await putList("patch", `<Committed>${id("b1")}</Committed><Uncommitted>${id("b2")}</Uncommitted>`);
    assert.equal(await textOf("patch"), "Achanged");
    await putList("patch", `<Committed>${id("b2")}</Committed><Committed>${id("b2")}</Committed>`);
    assert.equal(await textOf("patch"), "changedchanged");
  });

  it("a range over several blocks is read as one", async () => {
    await putBlock("ranged", "b1", "0123");
    await putBlock("ranged", "b2", "4567");
    await putList("ranged", `<Latest>${id("b1")}</Latest><Latest>${id("b2")}</Latest>`);
    const answer = await blob.send("GET", `${base}/ranged`, { headers: { range: "bytes=3-5" } });
    assert.equal(answer.text, "345");
  });

  it("uncommitted blocks are listed by id, and discarded when the blob is put whole", async () => {
    await putBlock("draft", "b2", "22");
    await putBlock("draft", "b1", "1");
    const uncommitted = await blob.send("GET", `${base}/draft?comp=blocklist&blocklisttype=uncommitted`);
    assert.match(uncommitted.text, /YjE=.*YjI=/);
    assert.equal(uncommitted.headers["etag"], undefined);
    await blob.send("PUT", `${base}/draft`, { body: "whole", headers: { "x-ms-blob-type": "BlockBlob" } });
    const after = await blob.send("GET", `${base}/draft?comp=blocklist&blocklisttype=all`);
    assert.doesNotMatch(after.text, /<Block>/);
    assert.equal((await putList("draft", `<Latest>${id("b1")}</Latest>`)).code, "InvalidBlockList");
  });

  it("an error names what is wrong with a block or a list", async () => {
    assert.equal((await putList("faulty", `<Latest>${id("none")}</Latest>`)).code, "InvalidBlockList");
    assert.equal((await putList("faulty", "<Newest>x</Newest>")).code, "InvalidXmlDocument");
    const unclosed = await blob.send("PUT", `${base}/faulty?comp=blocklist`, { body: "<BlockList><Latest>" });
    assert.equal(unclosed.code, "InvalidXmlDocument");
    await putBlock("faulty", "short", "x");
    assert.equal((await putBlock("faulty", "much longer", "x")).code, "InvalidBlobOrBlock");
    const plain = await blob.send("PUT", `${base}/faulty?comp=block&blockid=***`, { body: "x" });
    assert.equal(plain.code, "InvalidQueryParameterValue");
    const missing = await blob.send("PUT", `${base}/faulty?comp=block`, { body: "x" });
    assert.equal(missing.code, "MissingRequiredQueryParameter");
    const wrong = await putBlock("faulty", "short", "x", {
      "content-md5": createHash("md5").update("y").digest("base64"),
    });
    assert.equal(wrong.code, "Md5Mismatch");
    const absent = await blob.send("GET", `${base}/nothing?comp=blocklist`);
    assert.equal(absent.code, "BlobNotFound");
  });

  it("the SDK's parallel upload and download preserve a body", async () => {
    const body = Buffer.alloc(9 * 1024 * 1024);
    for (let index = 0; index < body.length; index += 4096) body.writeUInt32LE(index, index);
    const client = container.getBlockBlobClient("large");
    await client.uploadData(body, { blockSize: 1024 * 1024, concurrency: 4, maxSingleShotSize: 1024 });
    assert.ok((await client.downloadToBuffer(0, undefined, { blockSize: 700_000, concurrency: 3 })).equals(body));
    const { committedBlocks } = await client.getBlockList("committed");
    assert.equal(committedBlocks?.length, 9);
  });

  describe("copies", () => {
    before(async () => {
      const source = container.getBlockBlobClient("source");
      await source.upload("copied", 6, { blobHTTPHeaders: { blobContentType: "text/x" }, metadata: { a: "1" } });
    });

    it("Copy Blob copies content, headers and metadata and completes at once", async () => {
      const target = container.getBlockBlobClient("target");
      const poller = await target.beginCopyFromURL(container.getBlobClient("source").url);
      const result = await poller.pollUntilDone();
      assert.equal(result.copyStatus, "success");
      const properties = await target.getProperties();
      assert.deepEqual(properties.metadata, { a: "1" });
      assert.equal(properties.contentType, "text/x");
      assert.equal(properties.copyProgress, "6/6");
      await container.getBlobClient("source").deleteIfExists();
      assert.equal(await textOf("target"), "copied");
      await container.getBlockBlobClient("source").upload("copied", 6);
    });

    it("Copy Blob From URL, Put Blob From URL and Put Block From URL work on blobs of the emulator", async () => {
      const url = container.getBlobClient("source").url;
      const sourceAuthorization = { scheme: "Bearer", value: blob.tokens.a };
      await container.getBlobClient("sync").syncCopyFromURL(url, { sourceAuthorization });
      assert.equal(await textOf("sync"), "copied");
      await container.getBlockBlobClient("from-url").syncUploadFromURL(url, { sourceAuthorization });
      assert.equal(await textOf("from-url"), "copied");
      const client = container.getBlockBlobClient("block-url");
      await client.stageBlockFromURL(id("b1"), url, 2, 3, { sourceAuthorization });
      await client.commitBlockList([id("b1")]);
      assert.equal(await textOf("block-url"), "pie");
    });

    it("a source that may not be read, does not exist, or is elsewhere is reported as an error of the source", async () => {
      const headers = (source: string) => ({ "x-ms-copy-source": source });
      const absent = await blob.send("PUT", `${base}/t2`, { headers: headers(`${blob.url}${base}/absent`) });
      assert.equal(absent.status, 404);
      assert.equal(absent.code, "CannotVerifyCopySource");
      const outside = await blob.send("PUT", `${base}/t2`, { headers: headers("https://127.0.0.1:1/acct/c/b") });
      assert.equal(outside.code, "CannotVerifyCopySource");
      const other = await blob.newContainer();
      const scope = `${blob.account.id}/blobServices/default/containers/${other.containerName}`;
      blob.grant("b", ROLES.contributor, scope);
      const stolen = await blob.send("PUT", `/${other.containerName}/t2`, {
        token: blob.tokens.b,
        headers: headers(`${blob.url}${base}/source`),
      });
      assert.equal(stolen.status, 403);
      assert.equal(stolen.code, "CannotVerifyCopySource");
    });

    it("a copy happens only when the conditions on source and target hold", async () => {
      const source = { "x-ms-copy-source": `${blob.url}${base}/source` };
      const refused = await blob.send("PUT", `${base}/t3`, { headers: { ...source, "x-ms-source-if-match": '"0x1"' } });
      assert.equal(refused.status, 412);
      assert.equal(refused.code, "SourceConditionNotMet");
      await blob.send("PUT", `${base}/t3`, { headers: source });
      const again = await blob.send("PUT", `${base}/t3`, { headers: { ...source, "if-none-match": "*" } });
      assert.equal(again.code, "BlobAlreadyExists");
      const abort = await blob.send("PUT", `${base}/t3?comp=copy&copyid=x`, {
        headers: { "x-ms-copy-action": "abort" },
      });
      assert.equal(abort.code, "NoPendingCopyOperation");
    });
  });
});
