import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { createGate } from "../../../src/concurrency/gate.ts";

describe("a gate", () => {
  it("lets so many through at once, the others in order, also after a failure", async () => {
    const pass = createGate(2);
    const begun: number[] = [];
    const works = Array.from({ length: 5 }, () => Promise.withResolvers<void>());
    const results = works.map(({ promise }, index) =>
      pass(async () => {
        begun.push(index);
        await promise;
        return index;
      }),
    );
    const settled = Promise.allSettled(results);
    await turn();
    assert.deepEqual(begun, [0, 1]);
    works[1]?.reject(new Error("no"));
    await turn();
    assert.deepEqual(begun, [0, 1, 2]);
    works[0]?.resolve();
    works[2]?.resolve();
    await turn();
    assert.deepEqual(begun, [0, 1, 2, 3, 4]);
    for (const work of works) work.resolve();
    const values = (await settled).map((each) => (each.status === "fulfilled" ? each.value : "failed"));
    assert.deepEqual(values, [0, "failed", 2, 3, 4]);
    assert.equal(await pass(async () => "free again"), "free again");
  });
});
