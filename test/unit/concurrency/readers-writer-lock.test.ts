import assert from "node:assert/strict";
import { createReadersWriterLock } from "../../../src/concurrency/readers-writer-lock.ts";

describe("a readers-writer lock", () => {
  it("lets readers in together, a writer alone, and other keys through", async () => {
    const lock = createReadersWriterLock();
    const seen: string[] = [];
    const slow = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const entered = slow.map(({ promise }, index) =>
      lock.shared("a", async () => {
        seen.push(`in ${index}`);
        await promise;
        seen.push(`out ${index}`);
      }),
    );
    const closed = lock.exclusive("a", async () => void seen.push("alone"));
    const late = lock.shared("a", async () => void seen.push("late"));
    await lock.shared("b", async () => void seen.push("other"));
    for (const { resolve } of slow) resolve();
    await Promise.all([...entered, closed, late]);
    assert.deepEqual(seen.slice(0, 3).sort(), ["in 0", "in 1", "other"]);
    assert.deepEqual(seen.slice(3, 5).sort(), ["out 0", "out 1"]);
    assert.deepEqual(seen.slice(5), ["alone", "late"]);
  });

  it("is released after a failure of a reader and of a writer", async () => {
    const lock = createReadersWriterLock();
    const fail = async () => {
      throw new Error("no");
    };
    await assert.rejects(lock.shared("a", fail));
    await assert.rejects(lock.exclusive("a", fail));
    assert.equal(await lock.exclusive("a", async () => "done"), "done");
    assert.equal(await lock.shared("a", async () => "done"), "done");
  });

  it("lets writers in one after the other", async () => {
    const lock = createReadersWriterLock();
    let inside = 0;
    const work = async () => {
      inside += 1;
      assert.equal(inside, 1);
      await Promise.resolve();
      inside -= 1;
    };
    await Promise.all(Array.from({ length: 20 }, () => lock.exclusive("a", work)));
  });
});
