// An answer of Azure's that does not end: the service must not gather it in memory.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { status } from "@grpc/grpc-js";
import { isFinal } from "../../src/csi/call.ts";
import { startCloud } from "./support/cloud.ts";
import { report } from "./support/figures.ts";
import { requestOf, volumeName } from "./support/modes.ts";
import { startService } from "./support/service.ts";

/** What the process may hold while Azure sends it 200 MB. */
const MOST_MIB = 600;

describe("a service that gets an endless answer from Azure", function () {
  this.timeout(120_000);

  it("survives an answer of 200 MB, and creates the volume afterwards", async () => {
    const cloud = await startCloud();
    try {
      const service = await startService(cloud);
      const ask = () => service.csi.controller("CreateVolume", requestOf(cloud.emulator, volumeName(1)));
      const action = { status: 200, bodyBytes: 200_000_000, headers: { "content-type": "application/json" } };
      cloud.emulator.faults.add({ match: { operation: "containers/get" }, times: -1, action });
      const { code, details } = await ask().then(
        () => assert.fail("the answer was accepted"),
        (error: { code: status; details: string }) => error,
      );
      assert(!isFinal(code), `${status[code]}: ${details}`);
      const mebibytes = await peakMemory(service.program.id);
      cloud.clearFaults();
      await ask();
      report(3, `an answer of 200 MB: ${status[code]}, peak memory ${mebibytes} MiB`);
      await service.kill();
      assert(mebibytes < MOST_MIB, `${mebibytes} MiB`);
    } finally {
      await cloud.stop();
    }
  });
});

/** Peak resident memory in MiB (proc(5), VmHWM). */
async function peakMemory(processId: number): Promise<number> {
  const text = await readFile(`/proc/${processId}/status`, "utf8");
  return Math.round(Number(/^VmHWM:\s+(\d+) kB/m.exec(text)?.[1]) / 1024);
}
