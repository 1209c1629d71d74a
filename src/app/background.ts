/**
 * What runs in the background: checks of accounts, volumes and access, the look for orphans, and accounts made ahead of
 * volumes. With Kubernetes in the one replica that holds a Lease, without in this process, which is then the only one. A
 * further task is a further row here, never a second Lease.
 */
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { type Background, type BackgroundTask, startBackground } from "../concurrency/background.ts";
import { createFailures, type FailureObserver } from "../concurrency/failures.ts";
import { ALONE, createElection, type Leadership, type LeaseStore } from "../concurrency/leadership.ts";
import type { Time } from "../concurrency/time.ts";
import type { ControllerConfig } from "../config/controller.ts";
import { createLeaseStore } from "../kubernetes/leases.ts";
import type { AccessSeen } from "../telemetry/access-metrics.ts";
import type { AccountsSeen } from "../telemetry/metrics.ts";
import type { OrphansSeen } from "../telemetry/orphan-metrics.ts";
import type { PoolFill } from "../telemetry/pool-metrics.ts";
import type { VolumesSeen } from "../telemetry/volume-metrics.ts";
import { createBackgroundReview } from "../volume/access-review/background-review.ts";
import { createDriftCheck } from "../volume/drift/drift-check.ts";
import { createVolumeCheck } from "../volume/drift/volume-check.ts";
import { createOrphanRounds } from "../volume/orphans/rounds.ts";
import type { Volumes } from "../volume/volumes.ts";
import { type Adapters, usesKubernetes } from "./adapters.ts";
import type { Assembly } from "./assembly.ts";
import { OWN_TIME } from "./own-time.ts";

/** What tests replace: the clock, and the Lease of a cluster that is not there. */
export interface BackgroundParts {
  readonly time?: Time;
  readonly leases?: LeaseStore;
  /** Milliseconds since 1970, for the age of what is in Azure. */
  readonly date?: () => number;
  /** Names of the tasks to run. Absent: all. */
  readonly only?: readonly string[];
}

/** Of each check a fifth of the lists that Azure allows a subscription: the rest is for ListVolumes, deletions and `orphans`. */
const LISTS = { count: 20, withinMs: 300_000 };

/**
 * An eighth of the 800 reads in 5 minutes that Azure allows a subscription and region (storage resource provider limits): 100
 * accounts are confirmed in that time, or 12 created.
 */
const ACCOUNT_CALLS = { count: 100, withinMs: 300_000 };

/** Of what is remembered, so that with its jitter and its own duration a round ends before it is forgotten. */
const CONFIRMED_AFTER = 0.8;
/** A shorter --account-cache does not make the rounds more frequent: volumes then ask again themselves. */
const SHORTEST_ROUND_MS = 60_000;
const SHORTEST_REVIEW_MS = 3_600_000;
/** With --account-cache=0 nothing is remembered, and rounds only see to it that the accounts exist. */
const LONGEST_ROUND_MS = 240_000;

/** Starts nothing and takes no Lease when every task is off. */
export function startBackgroundTasks(
  config: ControllerConfig,
  {
    adapters,
    metrics,
    observer,
    volumes,
  }: Pick<Assembly, "adapters" | "metrics" | "observer"> & {
    readonly volumes: Pick<Volumes, "prewarmer">;
  },
  { time = OWN_TIME, date = Date.now, leases, only }: BackgroundParts = {},
): Background {
  const drift = createDriftTask(config.driftCheckMs, adapters);
  const inUse = createVolumeTask(config.driftCheckMs, adapters);
  const access = createAccessTask(config.driftCheckMs, adapters);
  const orphans = createOrphanTask(config.orphans, adapters, { now: time.now, date });
  const prewarm = createPrewarmTask(config.accountCacheMs, adapters, volumes);
  const { isConnected } = adapters.ports.cluster;
  const tasks = [
    ...(config.driftCheckMs > 0 ? [drift.task] : []),
    // Without Kubernetes nobody says which volumes are in use, and which are not.
    ...(config.driftCheckMs > 0 && isConnected ? [inUse.task, access.task] : []),
    ...(config.orphans.checkMs > 0 && isConnected ? [orphans.task] : []),
    ...(config.prewarms ? [prewarm.task] : []),
  ].filter(({ name }) => only === undefined || only.includes(name));
  if (tasks.length === 0) return { isLeading: () => false, stop: async () => undefined };
  const leadership = leadershipFor(config, { time, leases, observer });
  const background = startBackground({ tasks, leadership, time, observer });
  metrics.watchBackground(background.isLeading);
  metrics.watchAccounts(() => (background.isLeading() ? drift.latest() : undefined));
  metrics.watchVolumes(() => (background.isLeading() ? inUse.latest() : undefined));
  metrics.watchAccess(() => (background.isLeading() ? access.latest() : undefined));
  metrics.watchOrphans(() => (background.isLeading() ? orphans.latest() : undefined));
  metrics.watchPools(() => (background.isLeading() ? prewarm.latest() : undefined));
  if (config.driftCheckMs > 0) metrics.setCheckInterval(config.driftCheckMs);
  return background;
}

interface Electing {
  readonly time: Time;
  readonly leases: LeaseStore | undefined;
  readonly observer: FailureObserver;
}

function leadershipFor(config: ControllerConfig, { time, leases, observer }: Electing): Leadership {
  const { kubeconfig, driverName } = config;
  if (leases === undefined && !usesKubernetes(config)) return ALONE;
  const store = leases ?? createLeaseStore({ kubeconfig, name: `${driverName}-background` });
  // The pod's name, and a part that a restarted container does not share.
  const identity = `${hostname()}_${randomUUID()}`;
  return createElection({ store, identity, time, failures: createFailures("lease", observer) });
}

/** A task, and what its last round of this term has seen. */
interface SeeingTask<Seen> {
  readonly task: BackgroundTask;
  readonly latest: () => Seen | undefined;
}

/**
 * `beginTerm` is called when this replica begins to run tasks, and answers what a round does; `see` receives what a round has seen.
 * Of an earlier term nothing is left: another replica may have led since.
 */
function createSeeingTask<Seen>(
  schedule: Omit<BackgroundTask, "begin">,
  adapters: Adapters,
  beginTerm: (see: (seen: Seen) => void) => ReturnType<BackgroundTask["begin"]>,
): SeeingTask<Seen> {
  let latest: Seen | undefined;
  const begin = () => {
    latest = undefined;
    const round = beginTerm((seen) => {
      latest = seen;
    });
    return (turn: Parameters<typeof round>[0]) => adapters.inBackground(() => round(turn));
  };
  return { task: { ...schedule, begin }, latest: () => latest };
}

function createDriftTask(intervalMs: number, adapters: Adapters): SeeingTask<AccountsSeen> {
  const schedule = {
    name: "drift-check",
    intervalMs,
    budget: LISTS,
  };
  return createSeeingTask(schedule, adapters, (see) => {
    let completedAt: number | undefined;
    return createDriftCheck(adapters, ({ isComplete, ...seen }) => {
      if (isComplete) completedAt = Date.now() / 1000;
      see({ ...seen, completedAt });
    });
  });
}

/** As often as accounts: both are what somebody has changed in Azure. */
function createVolumeTask(intervalMs: number, adapters: Adapters): SeeingTask<VolumesSeen> {
  const schedule = {
    name: "volume-check",
    intervalMs,
    budget: LISTS,
  };
  return createSeeingTask(schedule, adapters, (publish) => createVolumeCheck(adapters, { publish, now: Date.now }));
}

/** A list of roles has a megabyte, and an auditor does not ask by the minute. */
function createAccessTask(intervalMs: number, adapters: Adapters): SeeingTask<AccessSeen> {
  const schedule = { name: "access-review", intervalMs: Math.max(intervalMs, SHORTEST_REVIEW_MS), budget: LISTS };
  return createSeeingTask(schedule, adapters, (publish) =>
    createBackgroundReview(adapters, { publish, now: Date.now }),
  );
}

/** Deletes only with --orphan-cleanup. */
function createOrphanTask(
  { checkMs, cleansUp, graceMs }: ControllerConfig["orphans"],
  adapters: Adapters,
  clocks: { readonly now: () => number; readonly date: () => number },
): SeeingTask<OrphansSeen> {
  const schedule = {
    name: "orphans",
    intervalMs: checkMs,
    budget: LISTS,
  };
  return createSeeingTask(schedule, adapters, (see) =>
    createOrphanRounds(adapters, {
      ...clocks,
      cleanup: cleansUp ? { graceMs } : undefined,
      publish: (counts) => see({ counts, completedAt: clocks.date() / 1000 }),
    }),
  );
}

/** In the replica that holds the Lease, which need not be the one that creates volumes: that one asks Azure again. */
function createPrewarmTask(accountCacheMs: number, adapters: Adapters, volumes: Pick<Volumes, "prewarmer">) {
  const untilForgottenMs = accountCacheMs === 0 ? LONGEST_ROUND_MS : accountCacheMs * CONFIRMED_AFTER;
  const schedule = {
    name: "prewarm",
    intervalMs: Math.min(Math.max(untilForgottenMs, SHORTEST_ROUND_MS), LONGEST_ROUND_MS),
    budget: ACCOUNT_CALLS,
  };
  return createSeeingTask<readonly PoolFill[]>(schedule, adapters, (see) => volumes.prewarmer(see));
}
