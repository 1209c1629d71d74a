// Conditions of Get and Set Blob Tags ("x-ms-blob-if-*", as the SDKs send them).
import { equal } from "node:assert/strict";
import { type BlobFixture, ROLES, startBlobFixture } from "../support/blob-fixture.ts";

describe("Calls about a blob's tags", () => {
  let blob: BlobFixture;
  let path: string;
  before(async () => {
    blob = await startBlobFixture();
    blob.grant("a", ROLES.owner, blob.account.id);
    path = `/${(await blob.newContainer()).containerName}/one`;
  });
  after(() => blob.close());

  it("look at their conditions, which have names of their own", async () => {
    const { etag = "" } = (await blob.send("PUT", path, { body: "x", headers: { "x-ms-blob-type": "BlockBlob" } }))
      .headers;
    const body = "<Tags><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tags>";
    const tags = (method: string, headers: Record<string, string>) =>
      blob.send(method, `${path}?comp=tags`, { headers, ...(method === "PUT" ? { body } : {}) });
    for (const method of ["PUT", "GET"]) {
      equal((await tags(method, { "x-ms-blob-if-match": '"0x1"' })).code, "ConditionNotMet");
      equal((await tags(method, { "x-ms-blob-if-none-match": etag })).status, 412);
      equal((await tags(method, { "x-ms-blob-if-unmodified-since": "Mon, 01 Jan 2001 00:00:00 GMT" })).status, 412);
    }
    equal((await blob.send("HEAD", path)).headers["x-ms-tag-count"], undefined);
    equal((await tags("PUT", { "x-ms-blob-if-match": etag })).status, 204);
    equal((await tags("GET", { "x-ms-blob-if-match": etag })).status, 200);
  });
});
