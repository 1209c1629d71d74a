import assert from "node:assert/strict";
import { createNextFlight } from "../../../src/concurrency/next-flight.ts";

/** Work whose runs end when they are released, in the order in which they began. */
function heldWork() {
  const runs: PromiseWithResolvers<number>[] = [];
  const work = () => {
    const run = Promise.withResolvers<number>();
    runs.push(run);
    return run.promise;
  };
  return { runs, work, end: (index: number) => runs[index]?.resolve(index) };
}

describe("a next flight", () => {
  it("never shares a run that began before the call: those that arrive meanwhile share the one after it", async () => {
    const flight = createNextFlight<number>();
    const { runs, work, end } = heldWork();
    const first = flight.run("a", work);
    const waiting = Array.from({ length: 99 }, () => flight.run("a", work));
    assert.equal(runs.length, 1);
    end(0);
    assert.equal(await first, 0);
    await Promise.resolve();
    assert.equal(runs.length, 2, "one run for all that waited");
    const late = flight.run("a", work);
    end(1);
    assert.deepEqual(await Promise.all(waiting), Array(99).fill(1));
    end(2);
    assert.equal(await late, 2, "the second run had begun before this call");
    assert.equal(runs.length, 3);
  });

  it("begins at once when nothing runs, and for each key by itself", async () => {
    const flight = createNextFlight<number>();
    const { runs, work, end } = heldWork();
    const [a, b] = [flight.run("a", work), flight.run("b", work)];
    assert.equal(runs.length, 2);
    end(1);
    assert.equal(await b, 1);
    end(0);
    assert.equal(await a, 0);
    const again = flight.run("a", work);
    end(2);
    assert.equal(await again, 2);
  });

  it("a failure is everybody's who shares the run, and nobody else's", async () => {
    const flight = createNextFlight<number>();
    const { runs, work, end } = heldWork();
    const first = flight.run("a", work);
    const waiting = [flight.run("a", work), flight.run("a", work)];
    runs[0]?.reject(new Error("first"));
    await assert.rejects(first, /first/);
    await Promise.resolve();
    const last = flight.run("a", work);
    runs[1]?.reject(new Error("second"));
    for (const each of waiting) await assert.rejects(each, /second/);
    end(2);
    assert.equal(await last, 2);
  });
});
