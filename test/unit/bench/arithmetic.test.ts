import { equal, ok, throws } from "node:assert/strict";
import { median, middleOf, percentile, slope } from "../../../scripts/bench/arithmetic.ts";

describe("the bench's arithmetic", () => {
  it("takes the nearest rank as a percentile, of values in any order", () => {
    const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
    equal(percentile(hundred, 0.5), 50);
    equal(percentile(hundred, 0.99), 99);
    equal(percentile(hundred, 1), 100);
    equal(percentile(hundred, 0), 1);
    equal(percentile([7], 0.99), 7);
    equal(median([3, 1, 2]), 2);
    ok(Number.isNaN(percentile([], 0.5)));
  });

  it("takes the run whose figure is in the middle", () => {
    const runs = [{ mib: 46.8 }, { mib: 41.2 }, { mib: 45.9 }];
    equal(
      middleOf(runs, ({ mib }) => mib),
      runs[2],
    );
    equal(
      middleOf(runs.slice(0, 2), ({ mib }) => mib),
      runs[1],
    );
    throws(() => middleOf([], () => 0), /nothing was measured/);
  });

  it("fits a slope by least squares, and none to a single x", () => {
    const line = [0, 1, 2, 3].map((x) => ({ x: x * 1000, y: 5 + x * 0.25 }));
    ok(Math.abs(slope(line) * 1000 - 0.25) < 1e-12);
    const noisy = [
      { x: 0, y: 1 },
      { x: 1, y: 3 },
      { x: 2, y: 2 },
    ];
    equal(slope(noisy), 0.5);
    ok(Number.isNaN(slope([{ x: 1, y: 1 }])));
  });
});
