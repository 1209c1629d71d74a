// What a pure function has answered, for a bounded number of keys.
import assert from "node:assert/strict";
import { remembering } from "../../../src/concurrency/remembered.ts";

describe("a function that remembers", () => {
  it("computes each key once, and again when as many others have come since", () => {
    const computed: string[] = [];
    const remembered = remembering((key) => {
      computed.push(key);
      return key.toUpperCase();
    }, 2);
    for (const key of ["a", "a", "b", "a", "c", "b", "a"]) assert.equal(remembered(key), key.toUpperCase());
    assert.deepEqual(computed, ["a", "b", "c", "a"]);
  });

  it("does not remember what it throws", () => {
    let attempts = 0;
    const remembered = remembering(() => {
      attempts += 1;
      if (attempts === 1) throw new Error("not yet");
      return "done";
    });
    assert.throws(() => remembered("a"), /not yet/);
    assert.equal(remembered("a"), "done");
  });
});
