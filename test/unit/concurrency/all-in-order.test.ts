import assert from "node:assert/strict";
import { allInOrder } from "../../../src/concurrency/all-in-order.ts";

describe("work that goes on together", () => {
  it("has all results in order", async () => {
    assert.deepEqual(await allInOrder([Promise.resolve(1), "two", Promise.resolve(3)]), [1, "two", 3]);
    assert.deepEqual(await allInOrder([]), []);
  });

  it("fails with the first failure in order, once everything has ended", async () => {
    const first = Promise.withResolvers<number>();
    const ended: string[] = [];
    const work = allInOrder([first.promise.finally(() => ended.push("first")), Promise.reject(new Error("second"))]);
    const outcome = work.catch((error: Error) => ended.push(error.message));
    await Promise.resolve();
    first.reject(new Error("first"));
    await outcome;
    assert.deepEqual(ended, ["first", "first"]);
    await assert.rejects(allInOrder([Promise.resolve(1), Promise.reject(new Error("only"))]), { message: "only" });
  });
});
