// Five hundred creations and five hundred deletions at once against the limits that Azure documents, on a clock without a
// machine: how long they take, and what is refused. The same with the whole program: test/faults/throttle-storm.test.ts.
import assert from "node:assert/strict";
import {
  createHttpHeaders,
  createPipelineRequest,
  type HttpMethods,
  type PipelineRequest,
} from "@azure/core-rest-pipeline";
import { createBudget } from "../../../../src/azure/budget/budget.ts";
import { createBudgetPolicy } from "../../../../src/azure/budget/policy.ts";
import { runFor } from "../../../../src/concurrency/purpose.ts";
import { createRateCounters } from "../../../../src/emulator/arm/front-door/rate-counters.ts";
import { AZURE_LIMITS } from "../../../../src/emulator/settings.ts";

const VOLUMES = 500;
const GROUP = "https://management.azure.com/subscriptions/s/resourceGroups/g";
const ACCOUNT = `${GROUP}/providers/Microsoft.Storage/storageAccounts/a`;
const ASSIGNMENTS = "providers/Microsoft.Authorization/roleAssignments";
/** Of each call, there and back. */
const LATENCY_MS = 50;
/** csi-provisioner's `--retry-interval-start`, and the `--retry-interval-max` of deploy/manifests. */
const [FIRST_PAUSE_MS, LONGEST_PAUSE_MS] = [1_000, 60_000];

/** What waits, in the order of its time. */
function createVirtualTime() {
  let now = 1_000_000;
  const waiting: { at: number; wake: () => void }[] = [];
  return {
    now: () => now,
    sleep: (ms: number) =>
      new Promise<void>((wake) => {
        const at = now + ms;
        waiting.splice(waiting.findLastIndex((each) => each.at <= at) + 1, 0, { at, wake });
      }),
    async runUntil(isDone: () => boolean) {
      while (!isDone()) {
        await new Promise((resolve) => setImmediate(resolve));
        if (isDone()) return;
        const at = waiting[0]?.at ?? assert.fail("nothing waits, and not everybody was served");
        now = Math.max(now, at);
        while (waiting[0] !== undefined && waiting[0].at <= now) waiting.shift()?.wake();
      }
    },
  };
}

/** Azure, as far as its limits go; answers the seconds to wait, 0 for a call that was let in. */
function createAzure(now: () => number) {
  const counters = createRateCounters({ now, advance: () => undefined });
  const { armReads, armWrites, armDeletes, storageReads, storageWrites } = AZURE_LIMITS;
  return (method: string, url: string): number => {
    const arm = method === "GET" ? armReads : method === "DELETE" ? armDeletes : armWrites;
    const { waitSeconds } = counters.takeToken(`arm ${arm === armReads ? "read" : method}`, arm);
    if (waitSeconds > 0 || url.includes(ASSIGNMENTS)) return waitSeconds;
    const windows = method === "GET" ? storageReads : storageWrites;
    return counters.takeFromWindows(method === "GET" ? "read" : "write", windows);
  };
}

/** SDK clients whose calls take some time, and repeat a refused call as the SDKs do. */
function createClient(time: ReturnType<typeof createVirtualTime>) {
  const azure = createAzure(time.now);
  const budget = createBudget({ now: time.now, sleep: time.sleep, limits: AZURE_LIMITS });
  const policy = createBudgetPolicy({ budget, now: time.now });
  const counts = { sent: 0, refused: 0 };
  const next = async (request: PipelineRequest) => {
    await time.sleep(LATENCY_MS / 2);
    counts.sent += 1;
    const wait = azure(request.method, request.url);
    await time.sleep(LATENCY_MS / 2);
    const headers = createHttpHeaders(wait > 0 ? { "retry-after": String(wait) } : {});
    return { request, status: wait > 0 ? 429 : 200, headers, bodyAsText: "" };
  };
  const send = async (method: HttpMethods, url: string): Promise<void> => {
    const response = await policy.sendRequest(createPipelineRequest({ method, url }), next);
    if (response.status === 200) return;
    counts.refused += 1;
    await time.sleep(Number(response.headers.get("retry-after")) * 1_000);
    await send(method, url);
  };
  return { send, counts };
}

describe("a storm of creations and deletions", function () {
  this.timeout(120_000);

  it("creates as fast as the limits allow, then deletes, and hardly anything is refused", async () => {
    const time = createVirtualTime();
    const { send, counts } = createClient(time);
    const container = (name: string) => `${ACCOUNT}/blobServices/default/containers/${name}`;
    let reading: Promise<void> | undefined;
    // As the adapter does: calls that come together share one read of the account.
    const readAccount = () => {
      reading ??= send("GET", ACCOUNT).finally(() => {
        reading = undefined;
      });
      return reading;
    };
    const made = new Set<string>();
    const create = async (name: string) => {
      await send("GET", container(name));
      if (!made.has(name)) await send("PUT", container(name));
      made.add(name);
      await send("PUT", `${container(name)}/${ASSIGNMENTS}/r`);
    };
    const remove = async (name: string) => {
      await readAccount();
      await send("GET", `${container(name)}/${ASSIGNMENTS}`);
      await send("GET", container(name));
      await send("DELETE", `${container(name)}/${ASSIGNMENTS}/r`);
      await send("DELETE", container(name));
    };
    const begun = time.now();
    const ended = { create: [] as number[], delete: [] as number[] };
    const untilServed = async (purpose: "create" | "delete", work: () => Promise<void>, pauseMs = FIRST_PAUSE_MS) => {
      try {
        await runFor(purpose, work);
        ended[purpose].push((time.now() - begun) / 1_000);
      } catch {
        await time.sleep(pauseMs);
        await untilServed(purpose, work, Math.min(2 * pauseMs, LONGEST_PAUSE_MS));
      }
    };
    for (let index = 0; index < VOLUMES; index += 1) {
      void untilServed("delete", () => remove(`old-${index}`));
      void untilServed("create", () => create(`new-${index}`));
    }
    await time.runUntil(() => ended.create.length + ended.delete.length === 2 * VOLUMES);
    const [created = 0, deleted = 0] = [ended.create.at(-1), ended.delete.at(-1)];
    const { armWrites, storageReads } = AZURE_LIMITS;
    const writesAllow = (2 * VOLUMES - armWrites.burst) / armWrites.perSecond;
    assert(created <= 1.2 * writesAllow, `created in ${created} s, where writes allow ${writesAllow} s`);
    // A read for each creation and deletion is more than one window has, and no deletion can begin before the next one.
    const readsAllow = Math.floor((2 * VOLUMES) / (storageReads[0]?.calls ?? 1)) * (storageReads[0]?.seconds ?? 0);
    assert(deleted <= 1.2 * readsAllow, `deleted in ${deleted} s, where reads allow ${readsAllow} s`);
    assert(counts.refused <= counts.sent / 100, `${counts.refused} of ${counts.sent} calls were refused`);
  });
});
