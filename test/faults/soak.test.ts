// Hours of a cluster's life with tokens of five minutes, on a clock that runs faster.
import assert from "node:assert/strict";
import { isFull, report } from "./support/figures.ts";
import { runSoak } from "./support/soak-run.ts";

const SPEED = 90;
/** The service needs some 90 s to reach its plateau; the comparison begins after the first third. */
const REAL_SECONDS = isFull ? 300 : 160;
/** Memory may not grow by more than this between the second and the last third. */
const MOST_GROWTH_MIB = 40;
const MOST_NEW_HANDLES = 10;

describe("hours of work with tokens of five minutes", function () {
  this.timeout((REAL_SECONDS + 120) * 1000);

  it("refreshes tokens at every layer, keeps memory and handles flat, and leaves nothing in Azure", async () => {
    const { simulatedHours, volumes, tokens, memoryMiB, handles, left } = await runSoak({
      realSeconds: REAL_SECONDS,
      speed: SPEED,
    });
    report(
      6,
      `${simulatedHours.toFixed(1)} simulated hours, ${volumes} volumes, ${tokens} tokens of the controller; memory ${memoryMiB.join(" -> ")} MiB, ` +
        `handles ${handles.join(" -> ")}, ${left} left in Azure`,
    );
    assert.equal(left, 0);
    assert(tokens >= simulatedHours * 12, "tokens of five minutes were not refreshed");
    assert(memoryMiB[1] - memoryMiB[0] < MOST_GROWTH_MIB, "memory grows");
    assert(handles[1] - handles[0] < MOST_NEW_HANDLES, "handles grow");
  });
});
