// A process of its own that reads long lists as the controller does, and prints what it took: peak memory of the process, and
// the longest time for which its event loop was blocked. Arguments: the checkout whose sources are run, a kubeconfig, what to
// read (`pods` or `volumes`), how many calls at once.
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import type { createCluster as create } from "../../../src/kubernetes/cluster.ts";

/** What a run took. */
export interface Taken {
  /** Before the first call. */
  readonly idleMiB: number;
  readonly peakMiB: number;
  readonly blockedMs: number;
  readonly milliseconds: number;
  /** For each call how many were found, or the reason of its failure. */
  readonly answers: readonly (number | string)[];
}

const [checkout = "", kubeconfig = "", what, calls] = process.argv.slice(2);
// An older checkout has neither.
const { readReferences } = await import(join(checkout, "src/backend/blob/references.ts")).catch(() => ({}));
const { createCluster } = (await import(join(checkout, "src/kubernetes/cluster.ts"))) as {
  createCluster: typeof create;
};
const cluster = createCluster({ kubeconfig, readReferences, now: () => performance.now() });
const peakMiB = () => Math.round(process.resourceUsage().maxRSS / 1024);

async function call(index: number): Promise<number | string> {
  const account = { subscriptionId: "s", resourceGroup: "rg", name: "account" };
  const read = async () =>
    what === "pods"
      ? (await cluster.listPodsUsing({ namespace: "team", name: `data-${index}` })).length
      : Number((await cluster.findVolumeUsing({ account, name: `pvc-${index}` })) !== undefined);
  return await read().catch((error: { reason?: string }) => error.reason ?? String(error));
}

await delay(50);
const idleMiB = peakMiB();
const blocked = monitorEventLoopDelay({ resolution: 1 });
blocked.enable();
await delay(50);
const begun = performance.now();
const answers = await Promise.all(Array.from({ length: Number(calls) }, (_, index) => call(index)));
const milliseconds = Math.round(performance.now() - begun);
await delay(50);
blocked.disable();
const taken: Taken = { idleMiB, peakMiB: peakMiB(), blockedMs: Math.round(blocked.max / 1e6), milliseconds, answers };
console.log(JSON.stringify(taken));
