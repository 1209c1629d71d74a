// Headers of answers, held against the class of the SDKs that they stand in for.
import assert from "node:assert/strict";
import { createHttpHeaders, type HttpHeaders } from "@azure/core-rest-pipeline";
import { LeanHeaders } from "../../../src/azure/lean-headers.ts";

const READ = { etag: '"0x8D"', "x-ms-request-id": " 7f3a ", "x-ms-meta-name": "", constructor_: "a" };
const NAMES = ["etag", "ETag", "X-MS-Request-Id", "x-ms-meta-name", "constructor", "__proto__", "toString", "x-absent"];

function answersOf(headers: HttpHeaders): object {
  const list = [...headers];
  return {
    json: headers.toJSON(),
    text: String(headers),
    list,
    got: NAMES.map((name) => [name, headers.get(name), headers.has(name)]),
  };
}

describe("the headers of a request or an answer", () => {
  it("are read and changed as those of the SDKs' own class", () => {
    const [ours, theirs] = [new LeanHeaders({ ...READ }), createHttpHeaders(READ)];
    assert.deepEqual(answersOf(ours), answersOf(theirs));
    for (const headers of [ours, theirs]) {
      headers.set("x-ms-attempt", 2);
      headers.set("x-ms-meta-name", "a\r\nx-injected: b");
      headers.set("etag", ' "0x8E" ');
      headers.delete("X-MS-Request-Id");
      headers.delete("x-absent");
    }
    assert.deepEqual(answersOf(ours), answersOf(theirs));
    const json = ours.toJSON();
    json["etag"] = "changed";
    assert.equal(ours.get("etag"), '"0x8E"', "what is handed out is a copy");
  });

  it("that came more than once are joined, or the first is kept, as Node does; one without a value is absent", () => {
    const headers = new LeanHeaders({ vary: ["a", "b"], etag: ["1", "2"], "x-none": undefined });
    assert.deepEqual(headers.toJSON(), { vary: "a, b", etag: "1" });
    assert.equal(headers.has("x-none"), false);
  });
});
