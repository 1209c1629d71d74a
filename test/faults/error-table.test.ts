// Every way in which Azure can fail, at every call of create and delete: which gRPC code the caller gets, what the message
// says, and that no final code ever makes csi-provisioner forget something that exists.
import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import { isFinal } from "../../src/csi/call.ts";
import type { CreateVolumeRequestInit } from "../../src/csi/proto.generated.ts";
import type { Emulator } from "../../src/emulator/emulator.ts";
import { type CsiClient, connectCsi } from "../support/csi-client.ts";
import { startEmulatedApp } from "../support/emulated-app.ts";
import { createFakeCluster, type FakeCluster } from "../support/fake-cluster.ts";
import { heldContainers, heldRoleAssignments } from "../support/held.ts";
import { FAILURES, type Failure, STEPS, type Step } from "./support/error-steps.ts";
import { report } from "./support/figures.ts";
import { requestOf, volumeName, volumeOf } from "./support/modes.ts";

/** Set by `npm run mutations`, which looks for one failure: only steps of this operation run. */
const ONLY = process.env["KEYLESS_CSI_STEP"];
const STEPS_TO_RUN = STEPS.filter(({ operation }) => ONLY === undefined || ONLY === operation);

/**
 * Waits in milliseconds, the long ones shorter than in production: what is tried is what follows from them. No limit is so
 * short that an answer is late where other programs have the processor.
 */
const PATIENCE = {
  retryDelayMs: 50,
  signInMs: 30_000,
  timeLimits: { read: 15_000, list: 15_000, write: 15_000, accountDeletion: 15_000 },
};

/** How many cells run at once: each has an Azure of its own and mostly waits for the SDK's retries. */
const TOGETHER = 24;

interface Cell {
  readonly step: Step;
  readonly failure: Failure;
  readonly code: status;
  readonly details: string;
  /** The message of a second attempt that met the same; undefined when it met something else. */
  readonly again: string | undefined;
  /** How many calls met the fault. */
  readonly hits: number;
  /** The same request once the fault has ended. */
  readonly afterwards: { readonly code: status; readonly details: string };
  /** What Azure then holds, without what it held before any volume. */
  readonly held: Held;
  /** What it holds after the volume was deleted. */
  readonly left: Held;
}

/** How many of each. */
interface Held {
  readonly accounts: number;
  readonly containers: number;
  readonly roleAssignments: number;
}

const NOTHING: Held = { accounts: 0, containers: 0, roleAssignments: 0 };
const ONE_VOLUME: Held = { accounts: 1, containers: 1, roleAssignments: 1 };

/**
 * Failures after which a step may have succeeded all the same: Azure says that the resource does not exist, or did what was
 * requested before the connection broke, so that the SDK's own retry finds it done.
 */
const MAY_BE_DONE = ["404", "connection reset after the effect", "truncated JSON"];

describe("a failure of Azure", function () {
  this.timeout(600_000);
  const cells: Cell[] = [];

  before(async () => {
    const todo = STEPS_TO_RUN.flatMap((step) => FAILURES.map((failure) => ({ step, failure })));
    // The cells that wait longest go first.
    todo.sort((a, b) => Number("hang" in b.failure.action) - Number("hang" in a.failure.action));
    const work = async () => {
      let bench: Bench | undefined;
      for (let next = todo.shift(); next; next = todo.shift()) {
        const { service, isRemembered } = next.step;
        if (bench === undefined || isRemembered || bench.service !== service) {
          await bench?.stop();
          bench = await startBench(service);
        }
        cells.push(await tryCell(bench, next.step, next.failure));
      }
      await bench?.stop();
    };
    await Promise.all(Array.from({ length: TOGETHER }, work));
  });

  after(() => {
    const finals = cells.filter(({ step, code }) => step.mayExist && isFinal(code) && code !== status.OK).length;
    report(3, `${cells.length} pairs of step and failure: ${finals} final codes while something may exist`);
  });

  for (const step of STEPS_TO_RUN) {
    it(`in ${step.story}, ${nameOf(step)} gives the right code, what failed and what to do; the next attempt succeeds`, () => {
      for (const cell of cells.filter((each) => each.step === step)) assertCell(cell);
    });
  }
});

/** A service with an Azure of its own, on which cells run one after another. */
interface Bench {
  readonly service: Step["service"];
  readonly emulator: Emulator;
  readonly cluster: FakeCluster;
  readonly csi: CsiClient;
  held(): Held;
  stop(): Promise<void>;
}

/** Without an account cache, as after a restart: every step of both stories calls Azure. */
async function startBench(service: Step["service"]): Promise<Bench> {
  const clusters: FakeCluster[] = [];
  const app = await startEmulatedApp(["--account-cache", "1ms", "--container-api", service], {
    patience: PATIENCE,
    clusterFor: ({ issuer, info }) => {
      const cluster = createFakeCluster(issuer.issuer);
      cluster.serviceAccounts.set("demo/workload-a", info.identities[0]?.clientId ?? "");
      clusters.push(cluster);
      return cluster;
    },
  });
  const [cluster = assert.fail()] = clusters;
  const { emulator } = app;
  const csi = connectCsi(`unix:${app.config.socketPath}`, 240);
  const seeded = new Set(emulator.world.roleAssignments.keys());
  const held = () => ({
    accounts: emulator.world.accounts.size,
    containers: heldContainers(emulator.world).length,
    roleAssignments: heldRoleAssignments(emulator.world).filter(({ name }) => !seeded.has(name.toLowerCase())).length,
  });
  const stop = async () => {
    csi.close();
    await app.stop();
  };
  return { service, emulator, cluster, csi, held, stop };
}

function nameOf({ service, operation }: Step): string {
  return service === "arm" ? operation : `${operation} of the Blob service`;
}

let counter = 0;

/** A request for a new volume with an account of its own. */
function cellRequest({ emulator, cluster }: Bench, { isForServiceAccount }: Step): CreateVolumeRequestInit {
  counter += 1;
  const request = requestOf(emulator, volumeName(counter), { isolation: "volume" });
  if (isForServiceAccount !== true) return request;
  const name = `claim-${counter}`;
  const uid = request.name?.replace("pvc-", "") ?? "";
  cluster.claims.set(`demo/${name}`, { uid, isBoundLate: false, serviceAccount: "workload-a" });
  const claim = { "csi.storage.k8s.io/pvc/name": name, "csi.storage.k8s.io/pvc/namespace": "demo" };
  return { ...request, parameters: { identity: "serviceAccount", isolation: "volume", ...claim } };
}

async function tryCell(bench: Bench, step: Step, failure: Failure): Promise<Cell> {
  const { emulator, csi } = bench;
  const { service, operation, method, story } = step;
  const request = cellRequest(bench, step);
  const create = async () => volumeOf(await csi.controller("CreateVolume", request)).volume_id;
  const remove = async (volumeId: string) => void (await csi.controller("DeleteVolume", { volume_id: volumeId }));
  let id = story === "delete" || step.isRetry ? await create() : "";
  const ask = async () => {
    if (story === "create") id = await create();
    else await remove(id);
  };
  emulator.faults.add({ match: { service, operation, method }, times: -1, action: failure.action });
  const answer = await codeOf(ask());
  // A second wait for an answer that never comes would only take time.
  const isTriedAgain = answer.code !== status.OK && !("hang" in failure.action);
  const { code, details } = isTriedAgain ? await codeOf(ask()) : answer;
  const again = code === answer.code ? details : undefined;
  const hits = emulator.faults.list()[0]?.hits ?? 0;
  emulator.faults.clear();
  const afterwards = await codeOf(ask());
  const held = bench.held();
  await codeOf(remove(id));
  const left = bench.held();
  // A false 404 may leave a role assignment behind (see assertCell); the next cell must start empty.
  for (const [name, { scope }] of emulator.world.roleAssignments) {
    if (scope.includes("/containers/")) emulator.world.roleAssignments.delete(name);
  }
  return { step, failure, ...answer, again, hits, afterwards, held, left };
}

async function codeOf(promise: Promise<unknown>): Promise<{ code: status; details: string }> {
  return promise.then(
    () => ({ code: status.OK, details: "" }),
    (error: { code: status; details: string }) => ({ code: error.code, details: error.details }),
  );
}

function assertCell({ step, failure, code, details, again = details, hits, afterwards, held, left }: Cell): void {
  const at = `${step.story} ${nameOf(step)}, ${failure.name}: ${status[code]} ${details}`;
  assert(hits > 0, `${at}: the call was never made`);
  assert.equal(status[afterwards.code], "OK", `${at}: the next attempt: ${afterwards.details}`);
  // Azure said that there is nothing to list, or that a role assignment is gone, which was false: the driver cannot know.
  const isFalse404 = failure.name === "404" && step.operation.startsWith("roleAssignments/") && step.story === "delete";
  const ignored = isFalse404 ? { roleAssignments: 0 } : {};
  assert.deepEqual({ ...left, ...ignored }, NOTHING, `${at}: something was left behind`);
  assert.deepEqual({ ...held, ...ignored }, step.story === "create" ? ONE_VOLUME : NOTHING, `${at}: held afterwards`);
  if (code === status.OK) {
    assert([...MAY_BE_DONE, ...(step.avoids ?? [])].includes(failure.name), `${at}: the failure was not noticed`);
    return;
  }
  assert.match(details, step.resource, at);
  assert.equal(again, details, `${at}: another message makes another event`);
  assert.match(
    details,
    /tried again|try again|give the controller|check the controller|create it with|words say what it does not accept/,
    at,
  );
  assert.doesNotMatch(details, /eyJ|Bearer|\n\s+at /, at);
  if (step.mayExist) assert(!isFinal(code), at);
  else assert.equal(status[code], status[failure.code], at);
}
