// "Blob Batch" and "Find Blobs by Tags" of the Storage REST reference.
import assert from "node:assert/strict";
import { type BlobBatchClient, BlobServiceClient, type ContainerClient } from "@azure/storage-blob";
import { type BlobFixture, ROLES, startBlobFixture } from "../support/blob-fixture.ts";

describe("Blob batches and tags", () => {
  let blob: BlobFixture;
  let container: ContainerClient;
  let batches: BlobBatchClient;

  before(async () => {
    blob = await startBlobFixture();
    blob.grant("a", ROLES.owner, blob.account.id);
    container = await blob.newContainer();
    batches = blob.service().getBlobBatchClient();
  });
  after(() => blob.close());

  const tokenOf = (who: "a" | "b") => ({
    getToken: async () => ({ token: blob.tokens[who], expiresOnTimestamp: Date.now() + 3_000_000 }),
  });

  it("a batch deletes many blobs and reports on each", async () => {
    const clients = ["one", "two three", "ä/4"].map((name) => container.getBlockBlobClient(name));
    for (const client of clients) await client.upload("x", 1);
    const answer = await batches.deleteBlobs([...clients, container.getBlockBlobClient("absent")]);
    assert.deepEqual(
      answer.subResponses.map(({ status, errorCode }) => `${status} ${errorCode ?? ""}`.trim()),
      ["202", "202", "202", "404 BlobNotFound"],
    );
    assert.equal(await clients[0]?.exists(), false);
  });

  it("a batch changes tiers", async () => {
    const client = container.getBlockBlobClient("tiered");
    await client.upload("x", 1);
    const answer = await batches.setBlobsAccessTier([client], "Cool");
    assert.equal(answer.subResponsesFailedCount, 0);
    assert.equal((await client.getProperties()).accessTier, "Cool");
  });

  it("each subrequest is authorised by itself", async () => {
    const client = container.getBlockBlobClient("guarded");
    await client.upload("x", 1);
    const stranger = new BlobServiceClient(blob.url, tokenOf("b")).getBlobBatchClient();
    const answer = await stranger.deleteBlobs([client.url], tokenOf("b"));
    assert.equal(answer.subResponses[0]?.status, 403);
    assert.equal(await client.exists(), true);
  });

  it("a malformed batch is refused", async () => {
    const untyped = await blob.send("POST", "/?comp=batch", { body: "x" });
    assert.equal(untyped.code, "InvalidHeaderValue");
    const headers = { "content-type": "multipart/mixed; boundary=b" };
    for (const request of ["GET /c/x HTTP/1.1", "PUT /c/x?comp=lease HTTP/1.1", "nonsense"]) {
      const body = `--b\r\nContent-Type: application/http\r\n\r\n${request}\r\n\r\n\r\n--b--\r\n`;
      assert.equal((await blob.send("POST", "/?comp=batch", { body, headers })).code, "InvalidInput", request);
    }
    const anonymous = await blob.send("POST", "/?comp=batch", { body: "x", headers, token: null });
    assert.equal(anonymous.status, 401);
  });

  it("blobs are found by their tags, in the account and in one container", async () => {
    const other = await blob.newContainer();
    for (const [name, tags] of [
      ["a", { kind: "log", size: "3" }],
      ["b", { kind: "log", size: "5" }],
      ["c", { kind: "two words" }],
    ] as const) {
      await other.getBlockBlobClient(name).upload("x", 1, { tags });
    }
    await container.getBlockBlobClient("elsewhere").upload("x", 1, { tags: { kind: "log" } });
    const find = async (from: { findBlobsByTags: ContainerClient["findBlobsByTags"] }, where: string) => {
      const names: string[] = [];
      for await (const { name } of from.findBlobsByTags(where)) names.push(name);
      return names.sort();
    };
    assert.deepEqual(await find(other, "kind = 'log'"), ["a", "b"]);
    assert.deepEqual(await find(other, `"kind" = 'log' AND "size" > '4'`), ["b"]);
    assert.deepEqual(await find(other, "kind = 'two words'"), ["c"]);
    assert.deepEqual(await find(blob.service(), "kind = 'log'"), ["a", "b", "elsewhere"]);
    assert.deepEqual(await find(blob.service(), `@container = '${other.containerName}' AND kind = 'log'`), ["a", "b"]);
    for (const where of ["kind", "kind = log", "kind = 'a' AND", "(kind = 'a'", ""]) {
      const answer = await blob.send("GET", `/?comp=blobs&where=${encodeURIComponent(where)}`);
      assert.equal(answer.status, 400, where);
    }
  });

  it("x-ms-if-tags permits a call only when the tags match", async () => {
    const client = container.getBlockBlobClient("cond");
    await client.upload("x", 1, { tags: { state: "done" } });
    const path = `/${container.containerName}/cond`;
    const read = (where: string) => blob.send("GET", path, { headers: { "x-ms-if-tags": where } });
    assert.equal((await read("state = 'done'")).status, 200);
    assert.equal((await read("state <> 'done' OR state = 'open'")).status, 412);
    assert.equal((await read("state ==")).status, 400);
  });
});
