// Flat and hierarchical accounts by Blob: what tells them apart for a client that asks no more than blobfuse2 does.
import assert from "node:assert/strict";
import { type BlobFixture, ROLES, startBlobFixture } from "../support/blob-fixture.ts";

describe("Blob of flat and hierarchical accounts", () => {
  let blob: BlobFixture;

  before(async () => {
    blob = await startBlobFixture();
    blob.grant("a", ROLES.contributor, blob.addAccount("hierarchical", { isHnsEnabled: true }).id);
    for (const account of ["keylessacct", "hierarchical"]) {
      const made = await blob.send("PUT", "/files?restype=container", { account });
      assert.equal(made.status, 201, made.text);
    }
  });
  after(() => blob.close());

  /** What blobfuse2 asks at each mount (`IsAccountADLS`). */
  const question = "/files?restype=container&comp=list&delimiter=%2F&include=metadata,permissions&maxresults=2";

  it("the question of blobfuse2 is 400 on a flat account, and names the parameter", async () => {
    const answer = await blob.send("GET", question);
    assert.equal(answer.status, 400);
    assert.equal(answer.headers["x-ms-error-code"], "InvalidQueryParameterValue");
    assert.match(answer.text, /<QueryParameterName>include<\/QueryParameterName>/);
    assert.match(answer.text, /<QueryParameterValue>metadata,permissions<\/QueryParameterValue>/);
  });

  it("and 200 on a hierarchical one, in the versions that know the word", async () => {
    assert.equal((await blob.send("GET", question, { account: "hierarchical" })).status, 200);
    const old = { account: "hierarchical", headers: { "x-ms-version": "2020-04-08" } };
    assert.equal((await blob.send("GET", question, old)).code, "InvalidQueryParameterValue");
  });

  it("Get Account Information says which is which", async () => {
    for (const [account, isHierarchical] of [
      ["keylessacct", "false"],
      ["hierarchical", "true"],
    ] as const) {
      const answer = await blob.send("GET", "/files?restype=account&comp=properties", { account });
      assert.equal(answer.headers["x-ms-is-hns-enabled"], isHierarchical);
    }
  });
});
