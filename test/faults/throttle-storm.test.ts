// Five hundred claims and five hundred deletions at once, with the limits that Azure documents enforced: nobody is forgotten,
// nothing is sent before Azure says so, and the limits are used up rather than run into. All clocks run several times as fast.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import type { AzureCall } from "../../src/azure/arm.ts";
import type { LoggedCall } from "../../src/emulator/call-log.ts";
import { type Emulator, startEmulator } from "../../src/emulator/emulator.ts";
import { AZURE_LIMITS, type CallWindow, type RequestLimits, type TokenBucket } from "../../src/emulator/settings.ts";
import { create, createRequest, type EmulatedApp, startEmulatedApp } from "../support/emulated-app.ts";
import { heldContainers, heldRoleAssignments } from "../support/held.ts";
import { atOnce } from "./support/at-once.ts";
import { report } from "./support/figures.ts";

const VOLUMES = 500;
/** How much faster than real time the clocks of Azure, of the budget and of the client go. */
const SPEED = 6;
/** What two readings of a clock may differ by; an answer is read within it. */
const CLOCK_MS = 5 * SPEED;
/** csi-provisioner's `--retry-interval-start` and the `--retry-interval-max` of deploy/manifests. */
const [FIRST_PAUSE_MS, LONGEST_PAUSE_MS] = [1_000, 60_000];
const NO_BUCKET: TokenBucket = { burst: 1e9, perSecond: 1e9 };

interface Sent extends AzureCall {
  readonly begun: number;
  readonly ended: number;
}

describe("500 creations and 500 deletions at once", function () {
  this.timeout(600_000);
  let emulator: Emulator;
  let app: EmulatedApp;
  let sent: Sent[];
  const started = performance.now();
  const now = () => (performance.now() - started) * SPEED;
  const pause = (ms: number) => sleep(ms / SPEED);
  let areEnforced = false;
  /** Azure's, from the moment that they are enforced. */
  const limits = Object.defineProperties(
    {},
    Object.fromEntries(
      Object.entries(AZURE_LIMITS).map(([name, limit]) => {
        const none = Array.isArray(limit) ? [{ calls: 1e9, seconds: 1 }] : NO_BUCKET;
        return [name, { enumerable: true, get: () => (areEnforced ? limit : none) }];
      }),
    ),
  ) as RequestLimits;
  const stops: (() => unknown)[] = [];
  before(async () => {
    emulator = await startEmulator({ settings: { limits } });
    stops.push(() => emulator.close());
  });
  after(async () => {
    for (const stop of stops.reverse()) await stop();
  });

  it("are all served as fast as Azure allows, creations first, and nothing is sent before Retry-After", async () => {
    const setUp = await startEmulatedApp([], { emulator });
    const doomed = await atOnce(20, VOLUMES, async () => (await create(setUp, createRequest(emulator))).volume_id);
    await setUp.stop();

    // All that was counted so far is forgotten, and from now on Azure's own limits hold.
    areEnforced = true;
    emulator.clock.advance(2 * 3_600_000);
    const offset = emulator.clock.now() - now();
    emulator.clock.now = () => offset + now();
    sent = [];
    app = await startEmulatedApp([], {
      emulator,
      clock: { now, sleep: pause },
      patience: { timeLimits: { read: 60_000, list: 60_000, write: 60_000, accountDeletion: 60_000 } },
      azureCalled: (call) => void sent.push({ ...call, begun: now() - call.milliseconds, ended: now() }),
    });
    stops.push(() => app.stop());
    emulator.calls.clear();
    for (const [method, path, seconds] of SCRIPTED) {
      const headers = { "retry-after": String(seconds) };
      const action = { status: 429, code: "TooManyRequests", headers };
      emulator.faults.add({ match: { method, path }, skip: 40, times: 1, action });
    }

    const begun = now();
    const created: number[] = [];
    const deleted: number[] = [];
    await Promise.all([
      ...doomed.map(async (id) => {
        await untilServed(() => app.csi.controller("DeleteVolume", { volume_id: id }));
        deleted.push(now() - begun);
      }),
      ...Array.from({ length: VOLUMES }, async () => {
        const request = createRequest(emulator);
        await untilServed(() => app.csi.controller("CreateVolume", request));
        created.push(now() - begun);
      }),
    ]);

    const containers = heldContainers(emulator.world).map(({ name }) => name);
    assert.equal(containers.length, VOLUMES);
    assert(!doomed.some((id) => containers.includes(id.split("#")[2] ?? "")), "what was deleted is gone");
    const assigned = heldRoleAssignments(emulator.world).map(({ scope }) => scope.split("/").at(-1) ?? "");
    assert(
      containers.every((name) => assigned.includes(name)),
      "everything created can be used",
    );

    const calls = emulator.calls.report().calls.filter(({ service }) => service === "arm");
    const refused = calls.filter((call) => call.retryAfterSeconds !== undefined);
    assert.equal(refused.filter(({ fault }) => fault !== undefined).length, SCRIPTED.length);
    const early = refused.flatMap((refusal) => sentTooEarly(refusal, sent));
    assert.deepEqual(early, []);
    const unscripted = refused.length - SCRIPTED.length;
    assert(unscripted < calls.length / 100, `${unscripted} of ${calls.length} calls were refused`);
    const [lastCreated = 0, lastDeleted = 0] = [created.at(-1), deleted.at(-1)];
    assert(lastCreated < lastDeleted, "creations end before deletions");
    const seconds = (ms: number) => Math.round(ms / 1_000);
    const byLimits = boundSeconds(calls.filter((call) => call.retryAfterSeconds === undefined));
    report(
      14,
      `${VOLUMES} creations served after ${seconds(lastCreated)} s, ${VOLUMES} deletions after ${seconds(lastDeleted)} s of Azure's time ` +
        `(${(seconds(lastDeleted) / byLimits).toFixed(2)} times the ${byLimits} s that the limits need for the ${calls.length} calls), ` +
        `${unscripted} refused, 0 sent before Retry-After`,
    );
  });

  async function untilServed(call: () => Promise<unknown>): Promise<void> {
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      try {
        return void (await call());
      } catch (error) {
        const { code } = error as { readonly code?: status };
        if (!RETRIED.includes(code)) throw error;
      }
      await pause(pauseMs);
    }
  }
});

/** After these csi-provisioner keeps calling. */
const RETRIED: readonly (status | undefined)[] = [status.UNAVAILABLE, status.ABORTED, status.DEADLINE_EXCEEDED];

/** Refusals that Azure's limits do not explain, each with its wait in seconds. */
const SCRIPTED = [
  ["PUT", "/containers/pvc-[^/]*\\?", 8],
  ["PUT", "/roleAssignments/", 10],
  ["DELETE", "/containers/pvc-[^/]*\\?", 12],
] as const;

/** What counts together: a refusal by Resource Manager's own limits is of no provider, and none is scripted. */
function limitOf({ method, provider }: { readonly method: string; readonly provider: string }): string {
  const isRead = method === "GET";
  return `${provider} ${isRead ? "read" : provider === "Microsoft.Storage" ? "write" : method}`;
}

/** Calls of the same limit that were begun after the refusal had come and before its time had passed. */
function sentTooEarly(refusal: LoggedCall, sent: readonly Sent[]): string[] {
  const { id, retryAfterSeconds = 0 } = refusal;
  const answer = sent.find(({ requestId }) => requestId === id);
  assert(answer, "every refusal reached the program");
  const of = (call: Sent) => {
    const [method = "", type = ""] = call.operation.split(" ");
    return limitOf({ method, provider: type.split("/")[0] ?? "" });
  };
  return sent
    .filter((call) => of(call) === of(answer))
    .filter(
      ({ begun }) => begun > answer.ended + CLOCK_MS && begun < answer.ended + retryAfterSeconds * 1_000 - CLOCK_MS,
    )
    .map(
      ({ operation, begun }) => `${operation} ${begun - answer.ended} ms after a refusal for ${retryAfterSeconds} s`,
    );
}

/** The time that Azure's limits need for these calls, were all sent as early as possible. */
function boundSeconds(calls: readonly LoggedCall[]): number {
  const count = (matches: (call: LoggedCall) => boolean) => calls.filter(matches).length;
  const isStorage = ({ operation }: LoggedCall) => /^(containers|storageAccounts)\//.test(operation);
  const bucket = (some: number, { burst, perSecond }: TokenBucket) => Math.max(0, (some - burst) / perSecond);
  const windows = (some: number, all: readonly CallWindow[]) =>
    Math.max(...all.map(({ calls: most, seconds }) => Math.floor((some - 1) / most) * seconds));
  return Math.round(
    Math.max(
      bucket(
        count(({ method }) => method === "GET"),
        AZURE_LIMITS.armReads,
      ),
      bucket(
        count(({ method }) => method === "PUT"),
        AZURE_LIMITS.armWrites,
      ),
      bucket(
        count(({ method }) => method === "DELETE"),
        AZURE_LIMITS.armDeletes,
      ),
      windows(
        count((call) => isStorage(call) && call.method === "GET"),
        AZURE_LIMITS.storageReads,
      ),
      windows(
        count((call) => isStorage(call) && call.method !== "GET"),
        AZURE_LIMITS.storageWrites,
      ),
    ),
  );
}
