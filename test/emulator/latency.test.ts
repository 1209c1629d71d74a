import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { startEmulator } from "../../src/emulator/emulator.ts";
import { createLatencies, parseLatency } from "../../src/emulator/latency.ts";
import { send, sendAdmin } from "../support/emulator-client.ts";

describe("latency", () => {
  it("is a number, or a median and a 99th percentile that is not smaller", () => {
    deepEqual(parseLatency("50"), { medianMs: 50, p99Ms: 50 });
    deepEqual(parseLatency("50/500"), { medianMs: 50, p99Ms: 500 });
    deepEqual(parseLatency("0"), { medianMs: 0, p99Ms: 0 });
    for (const wrong of ["", "fast", "-1", "50/", "500/50", "0/500", "50/500/5"])
      equal(parseLatency(wrong), undefined, wrong);
  });

  it("has the median and the 99th percentile that were asked for, and the same sequence in every run", () => {
    const draw = () => {
      const next = createLatencies({ medianMs: 50, p99Ms: 500 });
      return Array.from({ length: 20_000 }, next);
    };
    const drawn = draw();
    deepEqual(draw(), drawn);
    const sorted = drawn.toSorted((a, b) => a - b);
    const [median = 0, p99 = 0] = [sorted[10_000], sorted[19_800]];
    ok(median > 48 && median < 52, `median ${median}`);
    ok(p99 > 450 && p99 < 550, `99th percentile ${p99}`);
  });

  it("is always the same without a spread, and nothing without a setting", () => {
    const fixed = createLatencies({ medianMs: 7, p99Ms: 7 });
    deepEqual([fixed(), fixed()], [7, 7]);
    equal(createLatencies(undefined)(), 0);
  });

  it("holds an answer of Azure back by it, and none of the admin endpoint", async () => {
    const emulator = await startEmulator({ settings: { callLatency: { medianMs: 60_000, p99Ms: 60_000 } } });
    const azure = rejects(send(emulator, "/subscriptions?api-version=2022-12-01"));
    equal((await sendAdmin(emulator, "GET", "/calls")).status, 200);
    await emulator.close();
    await azure;
  });
});
