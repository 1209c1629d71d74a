import assert from "node:assert/strict";
import { createTtlCache } from "../../../src/concurrency/ttl-cache.ts";

describe("a time-to-live cache", () => {
  it("answers until the lifetime is over, its own or the entry's", () => {
    let now = 0;
    const cache = createTtlCache<string>(100, () => now);
    cache.set("a", "long");
    cache.set("b", "short", 10);
    now = 10;
    assert.equal(cache.get("a"), "long");
    assert.equal(cache.get("b"), undefined);
    now = 100;
    assert.equal(cache.get("a"), undefined);
  });

  it("forgets what is deleted and takes the latest value", () => {
    const cache = createTtlCache<number>(100, () => 0);
    cache.set("a", 1);
    cache.set("a", 2);
    assert.equal(cache.get("a"), 2);
    cache.delete("a");
    assert.equal(cache.get("a"), undefined);
  });

  it("keeps what is still valid when it sweeps a thousand expired entries", () => {
    let now = 0;
    const cache = createTtlCache<number>(10, () => now);
    for (let index = 0; index < 998; index += 1) cache.set(`old ${index}`, index);
    now = 10;
    cache.set("young", 1);
    cache.set("younger", 2);
    now = 0;
    assert.equal(cache.get("old 0"), undefined, "an expired entry outlived the sweep");
    assert.equal(cache.get("young"), 1);
    assert.equal(cache.get("younger"), 2);
  });
});
