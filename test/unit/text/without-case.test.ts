// What counts as the same text without case.
import assert from "node:assert/strict";
import { isSameText } from "../../../src/text/without-case.ts";

describe("text without case", () => {
  it("is the same in another spelling, and what is absent is the same as what is absent only", () => {
    assert.equal(isSameText("/subscriptions/A", "/subscriptions/A"), true);
    assert.equal(isSameText("/subscriptions/A", "/SUBSCRIPTIONS/a"), true);
    assert.equal(isSameText("/subscriptions/A", "/subscriptions/B"), false);
    assert.equal(isSameText(undefined, undefined), true);
    assert.equal(isSameText("", undefined), false);
    assert.equal(isSameText(undefined, ""), false);
  });
});
