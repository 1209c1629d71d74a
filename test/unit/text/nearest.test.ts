// Suggestions for misspelt names.
import assert from "node:assert/strict";
import { findNearest } from "../../../src/text/nearest.ts";

describe("the nearest known name", () => {
  const known = ["skuName", "location", "resourceGroup", "tags", "clientID", "server"];
  const cases: readonly (readonly [string, string | undefined])[] = [
    ["skuNmae", "skuName"],
    ["SKUNAME", "skuName"],
    ["locaton", "location"],
    ["resource-group", "resourceGroup"],
    ["tag", "tags"],
    ["clientid", "clientID"],
    ["completelyDifferent", undefined],
    ["x", undefined],
    ["", undefined],
  ];
  for (const [given, expected] of cases) {
    it(`to "${given}" is ${expected ?? "none"}`, () => assert.equal(findNearest(given, known), expected));
  }
});
