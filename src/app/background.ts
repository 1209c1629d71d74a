/**
 * What runs in the background: the drift check. With Kubernetes in the one replica that holds a Lease, without in this
 * process, which is then the only one. A further task is a further row here, never a second Lease.
 */
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { type Background, type BackgroundTask, startBackground } from "../concurrency/background.ts";
import { createFailures, type FailureObserver } from "../concurrency/failures.ts";
import { ALONE, createElection, type Leadership, type LeaseStore } from "../concurrency/leadership.ts";
import type { Time } from "../concurrency/time.ts";
import type { ControllerConfig } from "../config/controller.ts";
import { createLeaseStore } from "../kubernetes/leases.ts";
import type { AccountsSeen } from "../telemetry/metrics.ts";
import { createDriftCheck } from "../volume/drift/drift-check.ts";
import { type Adapters, usesKubernetes } from "./adapters.ts";
import type { Assembly } from "./assembly.ts";

/** What tests replace: the clock, and the Lease of a cluster that is not there. */
export interface BackgroundParts {
  readonly time?: Time;
  readonly leases?: LeaseStore;
}

/** The process's own clock. Its timers keep no process alive. */
const OWN_TIME: Time = {
  now: () => performance.now(),
  sleep: (ms, signal) => sleep(ms, undefined, { signal, ref: false }).catch(() => undefined),
  random: Math.random,
};

/** A fifth of the lists that Azure allows a subscription: the rest is for ListVolumes, deletions and `orphans`. */
const LISTS = { count: 20, withinMs: 300_000 };

/** Starts nothing and takes no Lease when every task is off. */
export function startBackgroundTasks(
  config: ControllerConfig,
  { adapters, metrics, observer }: Assembly,
  { time = OWN_TIME, leases }: BackgroundParts = {},
): Background {
  const drift = createDriftTask(config.driftCheckMs, adapters);
  const tasks = config.driftCheckMs > 0 ? [drift.task] : [];
  if (tasks.length === 0) return { isLeading: () => false, stop: async () => undefined };
  const leadership = leadershipFor(config, { time, leases, observer });
  const background = startBackground({ tasks, leadership, time, observer });
  metrics.watchBackground(background.isLeading);
  metrics.watchAccounts(() => (background.isLeading() ? drift.latest() : undefined));
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

/** With what its last round of this term has seen: another replica may have led since an earlier term. */
function createDriftTask(intervalMs: number, adapters: Adapters) {
  let latest: AccountsSeen | undefined;
  const task: BackgroundTask = {
    name: "drift-check",
    intervalMs,
    budget: LISTS,
    begin() {
      latest = undefined;
      const check = createDriftCheck(adapters, ({ isComplete, ...seen }) => {
        latest = { ...seen, completedAt: isComplete ? Date.now() / 1000 : latest?.completedAt };
      });
      return (turn) => adapters.inBackground(() => check(turn));
    },
  };
  return { task, latest: () => latest };
}
