// When a list is read for a lookup, by a clock that the test moves.
import assert from "node:assert/strict";
import { createListLookup, type ListLookup } from "../../../src/azure/list-lookup.ts";

describe("a lookup in a list", () => {
  let ms: number;
  let reads: number;
  let held: Map<string, number>;
  let lookup: ListLookup<number>;
  const setUp = (rememberMs: number) => {
    ms = 0;
    reads = 0;
    held = new Map([["a", 1]]);
    lookup = createListLookup({ rememberMs, now: () => ms });
  };
  const find = (entry: string, list = "all") =>
    lookup.find(list, entry, async () => {
      reads += 1;
      return new Map(held);
    });
  beforeEach(() => setUp(300_000));

  it("reads once for everything that is not in the list, for 30 s from the list's beginning", async () => {
    for (let index = 0; index < 40; index += 1) assert.equal(await find(`unknown-${index}`), undefined);
    assert.equal(await find("a"), 1);
    assert.equal(reads, 1);
    held.set("b", 2);
    ms = 29_999;
    assert.equal(await find("b"), undefined);
    ms = 30_000;
    assert.equal(await find("b"), 2);
    assert.equal(reads, 2);
  });

  it("counts the 30 s from where the list began, since it says nothing about what came later", async () => {
    const slow = lookup.find("all", "b", async () => {
      ms += 29_000;
      return new Map<string, number>();
    });
    assert.equal(await slow, undefined);
    held.set("b", 2);
    ms += 1_000;
    assert.equal(await find("b"), 2);
  });

  it("reads again for an entry that was in the list and is no longer remembered", async () => {
    setUp(0);
    assert.equal(await find("a"), 1);
    held.set("a", 5);
    assert.equal(await find("a"), 5);
  });

  it("remembers nothing of a list that failed", async () => {
    await assert.rejects(
      lookup.find("all", "a", () => Promise.reject(new Error("refused"))),
      /refused/,
    );
    assert.equal(await find("a"), 1);
  });

  it("keeps lists apart, and knows at once what was written or removed", async () => {
    setUp(0);
    assert.equal(await find("b", "one"), undefined);
    held.set("b", 2);
    assert.equal(await find("b", "two"), 2);
    lookup.set("one", "b", 2);
    assert.equal(await find("b", "one"), 2);
    setUp(300_000);
    assert.equal(await find("a"), 1);
    lookup.delete("all", "a");
    assert.equal(await find("a"), undefined);
    assert.equal(reads, 1);
  });
});
