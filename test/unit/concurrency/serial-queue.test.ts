import assert from "node:assert/strict";
import { createSerialQueue } from "../../../src/concurrency/serial-queue.ts";

describe("a serial queue", () => {
  it("runs the work of one key in order, one at a time, also after a failure", async () => {
    const queue = createSerialQueue();
    const seen: string[] = [];
    const work = (name: string) => async () => {
      seen.push(`${name} begins`);
      await Promise.resolve();
      seen.push(`${name} ends`);
      if (name === "first") throw new Error("no");
      return name;
    };
    const first = queue("a", work("first"));
    const second = queue("a", work("second"));
    await assert.rejects(first, /no/);
    assert.equal(await second, "second");
    assert.equal(await queue("a", work("third")), "third");
    const names = ["first", "second", "third"];
    assert.deepEqual(
      seen,
      names.flatMap((name) => [`${name} begins`, `${name} ends`]),
    );
  });

  it("does not let one key wait for another", async () => {
    const queue = createSerialQueue();
    const slow = Promise.withResolvers<void>();
    const waiting = queue("a", () => slow.promise);
    assert.equal(await queue("b", async () => "done"), "done");
    slow.resolve();
    await waiting;
  });
});
