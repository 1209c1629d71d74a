import assert from "node:assert/strict";
import { createGate } from "../../../src/volume/gate.ts";

describe("the gate of an account", () => {
  it("lets many in together, one alone, and other accounts through", async () => {
    const gate = createGate();
    const seen: string[] = [];
    const slow = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const entered = slow.map(({ promise }, index) =>
      gate.enter("a", async () => {
        seen.push(`in ${index}`);
        await promise;
        seen.push(`out ${index}`);
      }),
    );
    const closed = gate.close("a", async () => void seen.push("alone"));
    const late = gate.enter("a", async () => void seen.push("late"));
    await gate.enter("b", async () => void seen.push("other"));
    for (const { resolve } of slow) resolve();
    await Promise.all([...entered, closed, late]);
    assert.deepEqual(seen.slice(0, 3).sort(), ["in 0", "in 1", "other"]);
    assert.deepEqual(seen.slice(3, 5).sort(), ["out 0", "out 1"]);
    assert.deepEqual(seen.slice(5), ["alone", "late"]);
  });

  it("opens again after a failure, inside and alone", async () => {
    const gate = createGate();
    const fail = async () => {
      throw new Error("no");
    };
    await assert.rejects(gate.enter("a", fail));
    await assert.rejects(gate.close("a", fail));
    assert.equal(await gate.close("a", async () => "done"), "done");
    assert.equal(await gate.enter("a", async () => "done"), "done");
  });

  it("closes for one after the other", async () => {
    const gate = createGate();
    let inside = 0;
    const work = async () => {
      inside += 1;
      assert.equal(inside, 1);
      await Promise.resolve();
      inside -= 1;
    };
    await Promise.all(Array.from({ length: 20 }, () => gate.close("a", work)));
  });
});
