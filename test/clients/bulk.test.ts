// Bulk transfers by an Azure SDK in a process of its own: one GiB, and ten thousand blobs.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type AzureByName, startAzureByName } from "./azure-by-name.ts";
import type { Conversation } from "./conversation.ts";

const program = join(dirname(fileURLToPath(import.meta.url)), "javascript", "bulk.ts");
const GIB_IN_MIB = 1024;
const RESIDENT_LIMIT_MIB = 300;
const BLOBS = 10_000;

describe("Bulk transfers, with the SDK for JavaScript by name", function () {
  this.timeout(180_000);
  let azure: AzureByName;
  let client: Conversation;
  before(async () => {
    azure = await startAzureByName(["klbulk"]);
    const { path } = await azure.configure("klbulk");
    client = await azure.startClient("bulk", process.execPath, [program, path]);
    await seen("prepare");
  });
  after(async () => {
    await client?.end();
    await azure?.stop();
  });

  it(`1 GiB is uploaded and downloaded unchanged, with less than ${RESIDENT_LIMIT_MIB} MiB resident in the emulator`, async () => {
    const started = performance.now();
    const up = await seen(`upload ${GIB_IN_MIB}`);
    const uploaded = performance.now();
    const down = await seen("download");
    const seconds = [uploaded - started, performance.now() - uploaded].map((ms) => (ms / 1000).toFixed(1));
    assert.deepEqual(down, { ...up, bytes: GIB_IN_MIB * 1024 * 1024 });
    const peak = await peakResidentMib(azure.emulator.id);
    console.log(`      up in ${seconds[0]} s, down in ${seconds[1]} s, peak resident ${peak} MiB`);
    assert.ok(peak < RESIDENT_LIMIT_MIB, `the emulator held ${peak} MiB`);
  });

  it(`${BLOBS} blobs are listed completely, in order and without duplicates, in pages of 1000 and of the service's own size`, async () => {
    const held = await heldBlobs();
    const started = performance.now();
    await seen(`fill ${BLOBS}`);
    assert.equal((await heldBlobs()) - held, BLOBS);
    const filled = performance.now();
    const whole = { distinct: BLOBS, first: "many/000000", last: "many/009999", isOrdered: true };
    assert.deepEqual(await seen("list 1000"), { ...whole, sizes: Array.from({ length: 10 }, () => 1000) });
    assert.deepEqual(await seen("list"), { ...whole, sizes: [5000, 5000] });
    const seconds = [filled - started, performance.now() - filled].map((ms) => (ms / 1000).toFixed(1));
    const pages = (await azure.calls()).calls.filter(({ operation }) => operation === "blobs/list");
    const slowest = Math.max(...pages.map(({ milliseconds }) => milliseconds));
    console.log(
      `      made in ${seconds[0]} s, listed twice in ${seconds[1]} s (the emulator's slowest page: ${slowest} ms)`,
    );
    assert.equal(pages.length, 12);
  });

  async function heldBlobs(): Promise<number> {
    const [container] = (await azure.state()).containers;
    return container?.blobs ?? 0;
  }

  async function seen(step: string): Promise<Record<string, unknown> | null> {
    const answer = (await client.ask(step, 150)) as { seen?: Record<string, unknown> | null; fault?: string };
    if (answer.seen === undefined) throw new Error(`${step}: ${answer.fault}`);
    return answer.seen;
  }
});

/** The most that a process has ever held in memory, as the kernel counts it. */
async function peakResidentMib(processId: number): Promise<number> {
  const status = await readFile(`/proc/${processId}/status`, "utf8");
  return Math.round(Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024);
}
