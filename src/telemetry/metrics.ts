/**
 * The service's metrics, in a registry of their own: every CSI call, and every call to Azure. With the files of one subject
 * beside it (`*-metrics.ts`, `labelled.ts`, `optional.ts`) the only one that knows prom-client. Names are an API: docs/reference lists them.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { type AccessSeen, watchAccess } from "./access-metrics.ts";
import { type BudgetState, watchBudget } from "./budget-metrics.ts";
import { type CallMetrics, countCalls } from "./call-metrics.ts";
import { type Row, watchGauge } from "./labelled.ts";
import { watchOptional } from "./optional.ts";
import { countOrphans, type OrphanMetrics } from "./orphan-metrics.ts";
import { type AccountUsage, type PoolFill, watchAccountUsage, watchPools } from "./pool-metrics.ts";
import { type VolumesSeen, watchVolumes } from "./volume-metrics.ts";

const AZURE_BUCKETS_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** What the service counts. */
export interface Metrics extends CallMetrics, OrphanMetrics {
  /** One CSI call that failed, by a reason of the closed list in `errors.ts`. */
  countFailure(method: string, reason: string): void;
  /** One answered or failed call to Azure. `operation` as in `PUT Microsoft.Storage/storageAccounts`, `status` 0: no answer. */
  observeAzureRequest(call: { readonly operation: string; readonly status: number; readonly seconds: number }): void;
  /** Whether the service can do its work, and whether the last sign-in to Azure worked, read at each scrape. */
  watchReadiness(isReady: () => boolean, isSignedIn: () => boolean): void;
  /** Calls in flight, read at each scrape. */
  watchInFlight(read: () => number): void;
  /** An account of this controller was found that something other than an Entra identity can open. */
  countDrift(): void;
  /** An account of this controller was found without some of its tags. */
  countLostTags(): void;
  /** DeleteVolume has deleted nothing, once or as often as stated, because this does not exist: `handle`, `account` or `file system`. */
  countNothingDeleted(missing: string, times?: number): void;
  /** Role assignments of each subscription that has been counted, read at each scrape. */
  watchRoleAssignments(read: () => Promise<readonly RoleAssignmentUsage[]>): void;
  /** One run of a background task. */
  countBackgroundRun(task: string, outcome: "done" | "failed"): void;
  /** Whether this replica runs the background tasks, read at each scrape. */
  watchBackground(isLeading: () => boolean): void;
  /** What the background check has seen of all accounts, read at each scrape; undefined: nothing yet, or not here. */
  watchAccounts(read: () => AccountsSeen | undefined): void;
  /** How often the background check looks at all accounts, in milliseconds. */
  setCheckInterval(milliseconds: number): void;
  /** What the background check has seen of all volumes, read at each scrape; undefined: nothing yet, or not here. */
  watchVolumes(read: () => VolumesSeen | undefined): void;
  /** What the background review of access has found, read at each scrape; undefined: nothing yet, or not here. */
  watchAccess(read: () => AccessSeen | undefined): void;
  /** Storage accounts of each subscription and region that has been counted, read at each scrape. */
  watchAccountUsage(read: () => Promise<readonly AccountUsage[]>): void;
  /** The pools of accounts that are made ahead, read at each scrape; undefined: nothing yet, or not here. */
  watchPools(read: () => readonly PoolFill[] | undefined): void;
  /** What Azure still allows, read at each scrape. */
  watchBudget(read: () => readonly BudgetState[]): void;
  readonly contentType: string;
  /** The Prometheus text. */
  render(): Promise<string>;
}

/** How many role assignments a subscription holds, and how many it may hold. */
export interface RoleAssignmentUsage {
  readonly subscriptionId: string;
  readonly used: number;
  readonly limit: number;
}

/** The accounts of the last check. */
export interface AccountsSeen {
  readonly checked: number;
  /** How many of them are not keyless. */
  readonly open: number;
  /** End of the last check that has seen all of them, in seconds since 1970. */
  readonly completedAt: number | undefined;
}

/** Creates the metrics of one service. `version` becomes a label of `keyless_csi_build_info`. */
export function createMetrics(driverName: string, version: string): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const azureRequests = new Counter({
    name: "keyless_csi_azure_requests_total",
    help: "Calls to Azure by operation and HTTP status; status 0: no answer.",
    labelNames: ["operation", "status"],
    registers,
  });
  const azureSeconds = new Histogram({
    name: "keyless_csi_azure_request_seconds",
    help: "Duration of calls to Azure by operation.",
    labelNames: ["operation"],
    buckets: AZURE_BUCKETS_SECONDS,
    registers,
  });
  const backgroundRuns = countBackgroundRuns(registry);
  setBuildInfo(registry, version);
  return {
    ...countCalls(registry, driverName),
    observeAzureRequest({ operation, status, seconds }) {
      azureRequests.labels(operation, String(status)).inc();
      azureSeconds.labels(operation).observe(seconds);
    },
    countFailure: countFailures(registry, driverName),
    watchReadiness: (isReady, isSignedIn) => watchReadiness(registry, isReady, isSignedIn),
    watchInFlight: (read) => watchInFlight(registry, read),
    ...countSurprises(registers),
    ...countOrphans(registry),
    watchRoleAssignments: (read) => watchRoleAssignments(registry, read),
    countBackgroundRun: (task, outcome) => backgroundRuns.labels(task, outcome).inc(),
    watchBackground: (isLeading) => watchBackground(registry, isLeading),
    watchAccounts: (read) => watchAccounts(registry, read),
    setCheckInterval: (milliseconds) => setCheckInterval(registry, milliseconds),
    watchVolumes: (read) => watchVolumes(registry, read),
    watchAccess: (read) => watchAccess(registry, read),
    watchAccountUsage: (read) => watchAccountUsage(registry, read),
    watchPools: (read) => watchPools(registry, read),
    watchBudget: (read) => watchBudget(registry, read),
    contentType: registry.contentType,
    render: () => registry.metrics(),
  };
}

/** Apart from the histogram, whose labels are those of the sidecars' own. */
function countFailures(registry: Registry, driverName: string): Metrics["countFailure"] {
  const failures = new Counter({
    name: "keyless_csi_call_failures_total",
    help: "CSI calls that failed, by method and reason.",
    labelNames: ["driver_name", "method_name", "reason"],
    registers: [registry],
  });
  return (method, reason) => failures.labels(driverName, method, reason).inc();
}

function countBackgroundRuns(registry: Registry): Counter<"task" | "outcome"> {
  return new Counter({
    name: "keyless_csi_background_runs_total",
    help: "Runs of background tasks by task and outcome; task lease: attempts to renew the Lease that failed; task access-check: in every replica.",
    labelNames: ["task", "outcome"],
    registers: [registry],
  });
}

/** What an administrator should look at, though every call succeeds. */
function countSurprises(registers: Registry[]): Pick<Metrics, "countDrift" | "countLostTags" | "countNothingDeleted"> {
  const drift = new Counter({
    name: "keyless_csi_account_drift_total",
    help: "Times that an account was found open without Entra: keys, anonymous access, local users, SFTP, NFSv3 or plain HTTP.",
    registers,
  });
  const lostTags = new Counter({
    name: "keyless_csi_account_tags_lost_total",
    help: "Times that an account of this controller was used or found without some of its tags.",
    registers,
  });
  const nothingDeleted = new Counter({
    name: "keyless_csi_nothing_deleted_total",
    help: "Calls of DeleteVolume that found nothing to delete, by what is missing: handle, account or file system.",
    labelNames: ["missing"],
    registers,
  });
  return {
    countDrift: () => drift.inc(),
    countLostTags: () => lostTags.inc(),
    countNothingDeleted: (missing, times = 1) => nothingDeleted.labels(missing).inc(times),
  };
}

function setBuildInfo(registry: Registry, version: string): void {
  const gauge = new Gauge({
    name: "keyless_csi_build_info",
    help: "1, labelled with the version.",
    labelNames: ["version"],
    registers: [registry],
  });
  gauge.labels(version).set(1);
}

function watchReadiness(registry: Registry, isReady: () => boolean, isSignedIn: () => boolean): void {
  watchOptional(registry, () => Number(isReady()), {
    name: "keyless_csi_ready",
    help: "1 if /readyz answers 200: the last sign-in to Azure worked, and Azure answered the last request.",
  });
  watchOptional(registry, () => Number(isSignedIn()), {
    name: "keyless_csi_signed_in",
    help: "1 if the last sign-in to Azure worked.",
  });
}

function watchInFlight(registry: Registry, read: () => number): void {
  watchOptional(registry, read, { name: "keyless_csi_operations_in_flight", help: "CSI calls in flight." });
}

function watchRoleAssignments(registry: Registry, read: () => Promise<readonly RoleAssignmentUsage[]>): void {
  const add = (name: string, help: string, pick: (usage: RoleAssignmentUsage) => number) =>
    watchGauge(registry, { name, help, labelNames: ["subscription_id"] }, async () =>
      (await read()).map((usage): Row => [[usage.subscriptionId], pick(usage)]),
    );
  add(
    "keyless_csi_role_assignments",
    "Role assignments that a subscription holds, including those of others.",
    ({ used }) => used,
  );
  add("keyless_csi_role_assignments_limit", "Role assignments that a subscription may hold.", ({ limit }) => limit);
}

function watchBackground(registry: Registry, isLeading: () => boolean): void {
  watchOptional(registry, () => Number(isLeading()), {
    name: "keyless_csi_background_leader",
    help: "1 in the replica that runs the background tasks, 0 in the others.",
  });
}

function setCheckInterval(registry: Registry, milliseconds: number): void {
  const gauge = new Gauge({
    name: "keyless_csi_check_interval_seconds",
    help: "How often the background checks look at all accounts and volumes: --drift-check-interval.",
    registers: [registry],
  });
  gauge.set(milliseconds / 1000);
}

/** Present in one replica at a time: a stale number beside the current one would be neither true nor false. */
function watchAccounts(registry: Registry, read: () => AccountsSeen | undefined): void {
  watchOptional(registry, () => read()?.open, {
    name: "keyless_csi_accounts_not_keyless",
    help: "Accounts that are open now to something other than an Entra identity.",
  });
  watchOptional(registry, () => read()?.checked, {
    name: "keyless_csi_accounts_checked",
    help: "Accounts that the last background check has seen.",
  });
  watchOptional(registry, () => read()?.completedAt, {
    name: "keyless_csi_accounts_checked_timestamp_seconds",
    help: "When the last background check that has seen every account ended, in Unix time.",
  });
}
