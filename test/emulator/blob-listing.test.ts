// "List Blobs" of the Storage REST reference: order, prefix, delimiter, paging, what `include` adds, and encoding.
import assert from "node:assert/strict";
import type { ContainerClient } from "@azure/storage-blob";
import { type BlobFixture, ROLES, startBlobFixture } from "../support/blob-fixture.ts";

describe("Blob listing", () => {
  let blob: BlobFixture;
  let container: ContainerClient;
  let base: string;

  before(async () => {
    blob = await startBlobFixture();
    blob.grant("a", ROLES.owner, blob.account.id);
    container = await blob.newContainer();
    base = `/${container.containerName}?restype=container&comp=list`;
    for (const name of ["b", "a/1", "a/2", "a/deep/3", "a!", "ab", "c/", "Z"]) await put(name);
  });
  after(() => blob.close());

  const put = (name: string) => container.getBlockBlobClient(name).upload("x", 1);
  const names = (xml: string) => [...xml.matchAll(/<Name>([^<]*)<\/Name>/g)].map(([, name]) => name);
  const list = async (query: string) => {
    const answer = await blob.send("GET", `${base}${query}`);
    assert.equal(answer.status, 200, answer.text);
    return answer.text;
  };

  it("is in the order of the names' code units", async () => {
    assert.deepEqual(names(await list("")), ["Z", "a!", "a/1", "a/2", "a/deep/3", "ab", "b", "c/"]);
  });

  it("a prefix narrows it, a delimiter folds what lies below into prefixes", async () => {
    assert.deepEqual(names(await list("&prefix=a/")), ["a/1", "a/2", "a/deep/3"]);
    const folded = await list("&delimiter=/");
    assert.deepEqual(names(folded), ["Z", "a!", "a/", "ab", "b", "c/"]);
    assert.match(folded, /<BlobPrefix><Name>a\/<\/Name><\/BlobPrefix>/);
    assert.match(folded, /<Delimiter>\/<\/Delimiter>/);
    assert.deepEqual(names(await list("&delimiter=/&prefix=a/")), ["a/1", "a/2", "a/deep/"]);
  });

  it("pages follow each other without gap or overlap, flat and folded", async () => {
    for (const [fold, count] of [
      ["", 8],
      ["&delimiter=/", 6],
    ] as const) {
      for (const size of [1, 2, 3]) {
        const seen: (string | undefined)[] = [];
        let marker = "";
        do {
          const page = await list(`${fold}&maxresults=${size}&marker=${encodeURIComponent(marker)}`);
          assert.ok(names(page).length <= size);
          seen.push(...names(page));
          marker = /<NextMarker>([^<]+)<\/NextMarker>/.exec(page)?.[1] ?? "";
        } while (marker !== "");
        assert.equal(seen.length, count);
        assert.deepEqual(seen, names(await list(fold)));
      }
    }
  });

  it("bad parameters are refused", async () => {
    const zero = await blob.send("GET", `${base}&maxresults=0`);
    assert.equal(zero.status, 400);
    assert.equal(zero.code, "OutOfRangeQueryParameterValue");
    assert.equal((await blob.send("GET", `${base}&maxresults=many`)).code, "InvalidQueryParameterValue");
    assert.equal((await blob.send("GET", `${base}&include=everything`)).code, "InvalidQueryParameterValue");
    assert.equal((await blob.send("GET", `${base}&marker=!!`)).status, 400);
    const absent = await blob.send("GET", "/absent-one?restype=container&comp=list");
    assert.equal(absent.code, "ContainerNotFound");
  });

  it("include adds metadata, tags, snapshots, copies and uncommitted blobs", async () => {
    const other = await blob.newContainer();
    const client = other.getBlockBlobClient("x");
    await client.upload("x", 1, { metadata: { Key: "<&>" }, tags: { t: "1" } });
    await client.createSnapshot();
    await other.getBlockBlobClient("y").stageBlock("MQ==", "x", 1);
    await (await other.getBlockBlobClient("z").beginCopyFromURL(client.url)).pollUntilDone();
    const plain: string[] = [];
    for await (const item of other.listBlobsFlat()) plain.push(item.name);
    assert.deepEqual(plain, ["x", "z"]);
    const items = [];
    const wanted = {
      includeMetadata: true,
      includeSnapshots: true,
      includeTags: true,
      includeUncommitedBlobs: true,
      includeCopy: true,
    };
    for await (const item of other.listBlobsFlat(wanted)) items.push(item);
    assert.deepEqual(
      items.map(({ name, snapshot }) => `${name} ${snapshot === undefined ? "blob" : "snapshot"}`),
      ["x snapshot", "x blob", "y blob", "z blob"],
    );
    assert.deepEqual(items[1]?.metadata, { Key: "<&>" });
    assert.deepEqual(items[1]?.tags, { t: "1" });
    assert.equal(items[2]?.properties.contentLength, 0);
    assert.equal(items[3]?.properties.copyStatus, "success");
  });

  it("names that XML cannot contain are percent-encoded and decoded by the SDK", async () => {
    const other = await blob.newContainer();
    const odd = ["a\ufffeb", "<tag> & \"quote\" 'x'", "日本語/ä"];
    for (const name of odd) await other.getBlockBlobClient(name).upload("x", 1);
    const seen: string[] = [];
    for await (const item of other.listBlobsFlat()) seen.push(item.name);
    assert.deepEqual(seen.sort(), [...odd].sort());
    const answer = await blob.send("GET", `/${other.containerName}?restype=container&comp=list`);
    assert.match(answer.text, /<Name Encoded="true">a%EF%BF%BEb<\/Name>/);
  });

  it("10,000 blobs are listed in pages of 5,000, each once", async () => {
    const other = await blob.newContainer();
    const record = blob.emulator.world.containers.get(`keylessacct/${other.containerName}`);
    assert.ok(record);
    const blobs = blob.emulator.services.blobs.blobsOf(record.uid);
    await other.getBlockBlobClient("seed").upload("x", 1);
    const seed = blobs.find("seed");
    assert.ok(seed);
    // Records are added in process, only the listing uses the network: 10,000 uploads would take too long.
    for (let index = 0; index < 9_999; index += 1) {
      blobs.put({ ...seed, name: `dir${index % 7}/blob-${String(index).padStart(5, "0")}` });
    }
    const sizes: number[] = [];
    const seen = new Set<string>();
    for await (const page of other.listBlobsFlat().byPage()) {
      sizes.push(page.segment.blobItems.length);
      for (const { name } of page.segment.blobItems) seen.add(name);
    }
    assert.deepEqual(sizes, [5000, 5000]);
    assert.equal(seen.size, 10_000);
    const folded: string[] = [];
    for await (const item of other.listBlobsByHierarchy("/")) folded.push(item.name);
    assert.deepEqual(folded, ["dir0/", "dir1/", "dir2/", "dir3/", "dir4/", "dir5/", "dir6/", "seed"]);
  });
});
