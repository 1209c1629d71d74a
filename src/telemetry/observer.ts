/**
 * What happens, as logs and metrics: the observer that `app/` gives to every layer. Each log line of a call carries the
 * call's id, so that one grep finds the whole story of a volume.
 */
import type { AsyncLocalStorage } from "node:async_hooks";
import { LONGEST_NAME, shown } from "../text/cut.ts";
import type { LogFields, Logger } from "./log.ts";
import type { Metrics } from "./metrics.ts";

interface AppObserverOptions {
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly calls: AsyncLocalStorage<string>;
}

interface RoleAssignment {
  readonly name: string;
  readonly scope: string;
  readonly principalId: string;
}

interface AccountRef {
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly name: string;
}

/** Why DeleteVolume has deleted nothing. */
const NOTHING_DELETED = {
  handle: "nothing was deleted: the volume handle is not one that this driver gives out",
  account: "nothing was deleted: the storage account or its resource group does not exist there (moved or deleted)",
  "file system":
    "nothing was deleted: the container does not exist in the storage account (deleted before, or by others)",
} as const;

interface SeenAccount {
  readonly ref: { readonly name: string; readonly resourceGroup: string };
}

/** The shapes are those of `csi/call.ts`, `azure/arm.ts`, `volume/ports.ts` and `concurrency/background.ts`, which this layer does not import. */
export interface AppObserver {
  run<T>(callId: string, work: () => Promise<T>): Promise<T>;
  finished(outcome: {
    readonly method: string;
    readonly callId: string;
    readonly code: string;
    readonly milliseconds: number;
    readonly error?: unknown;
  }): void;
  azureCalled(call: { readonly operation: string; readonly status: number; readonly milliseconds: number }): void;
  olderVersionUsed(
    fallback: { readonly provider: string; readonly from: string; readonly to: string },
    unseen: readonly string[],
  ): void;
  stepBegun(step: string, volume: string): void;
  stepDone(step: string, volume: string): void;
  roleAssignmentCreated(assignment: RoleAssignment, how: string): void;
  roleAssignmentRemoved(assignment: RoleAssignment): void;
  roleAssignmentLeft(assignment: RoleAssignment, message: string): void;
  drifted(account: SeenAccount & { readonly nonEntraAccess: readonly string[] }): void;
  keylessAgain(account: SeenAccount, how: string): void;
  tasksRunHere(isLeading: boolean): void;
  taskDone(task: string): void;
  taskFailed(task: string, error: unknown, isNew: boolean): void;
  unmarked(account: SeenAccount): void;
  tagsLost(account: { readonly ref: AccountRef }, fix: string): void;
  tagsNotRestored(account: { readonly ref: AccountRef }, error: unknown): void;
  accountKept(account: AccountRef): void;
  nothingDeleted(deletion: {
    readonly volumeId: string;
    readonly missing: "handle" | "account" | "file system";
    readonly fileSystem?: { readonly account: AccountRef; readonly name: string };
  }): void;
  warned(warning: {
    readonly volume: string;
    readonly claim: { readonly namespace: string; readonly name: string } | undefined;
    readonly className: string | undefined;
    readonly reason: string;
    readonly message: string;
  }): void;
}

/** Called too often for a log line at level info when they succeed. */
const QUIET_METHODS = ["/csi.v1.Identity/Probe", "/csi.v1.Controller/ControllerGetCapabilities"];

/** Documented: a search for it finds what an upgrade from 0.1 has left to do. */
const UNMARKED = "storage account carries no cluster's mark: see docs/how-to/platform-teams.md, Marks";

export function createAppObserver({ log, metrics, calls }: AppObserverOptions): AppObserver {
  const inCall = (): LogFields => {
    const callId = calls.getStore();
    return callId === undefined ? {} : { callId };
  };
  const assignmentFields = (assignment: RoleAssignment) => ({ ...toAssignmentFields(assignment), ...inCall() });
  return {
    run: (callId, work) => calls.run(callId, work),
    finished({ method, callId, code, milliseconds, error }) {
      metrics.observeOperation({ method, code, seconds: milliseconds / 1000 });
      const fields = { method, callId, code, milliseconds };
      if (error !== undefined) log.warn("call failed", { ...fields, error });
      else if (QUIET_METHODS.includes(method)) log.debug("call done", fields);
      else log.info("call done", fields);
    },
    azureCalled({ operation, status, milliseconds }) {
      metrics.observeAzureRequest({ operation, status, seconds: milliseconds / 1000 });
      log.debug("Azure answered", { operation, status, milliseconds: Math.round(milliseconds), ...inCall() });
    },
    stepBegun: (step, volume) => log.debug("step begun", { step, volume, ...inCall() }),
    stepDone: (step, volume) => log.debug("step done", { step, volume, ...inCall() }),
    roleAssignmentCreated: (assignment, how) =>
      log.info("role assignment in place", { ...assignmentFields(assignment), reason: how }),
    roleAssignmentRemoved: (assignment) => log.info("role assignment removed", assignmentFields(assignment)),
    drifted(account) {
      metrics.countDrift();
      const reason = account.nonEntraAccess.join(", ");
      log.error("storage account is no longer keyless", { ...toAccountFields(account), reason, ...inCall() });
    },
    keylessAgain: (account, how) =>
      log.info("storage account is keyless again", { ...toAccountFields(account), reason: how, ...inCall() }),
    tasksRunHere: (isLeading) =>
      log.info(isLeading ? "this replica runs the background tasks" : "this replica runs no background tasks any more"),
    taskDone: (task) => metrics.countBackgroundRun(task, "done"),
    taskFailed(task, error, isNew) {
      metrics.countBackgroundRun(task, "failed");
      if (isNew) log.warn("background task failed, and will be tried again", { operation: task, error });
    },
    ...observeSurprises({ log, metrics }, inCall),
    warned({ volume, claim, className, reason, message }) {
      const about = { volume, claim: claim && `${claim.namespace}/${claim.name}`, storageClass: className };
      log.warn(message, { ...about, reason, ...inCall() });
    },
  };
}

/** What an administrator should look at, though the call succeeds. */
function observeSurprises(
  { log, metrics }: Pick<AppObserverOptions, "log" | "metrics">,
  inCall: () => LogFields,
): Pick<
  AppObserver,
  | "olderVersionUsed"
  | "roleAssignmentLeft"
  | "unmarked"
  | "tagsLost"
  | "tagsNotRestored"
  | "accountKept"
  | "nothingDeleted"
> {
  return {
    olderVersionUsed({ provider, from, to }, unseen) {
      const blind = unseen.length === 0 ? "" : `, which does not show ${unseen.join(", ")} of an account`;
      log.warn(
        `this cloud does not know api-version ${from} of ${provider}: ${to} is used until the process ends${blind}`,
      );
    },
    roleAssignmentLeft: (assignment, message) => log.warn(message, { ...toAssignmentFields(assignment), ...inCall() }),
    unmarked: (account) => log.warn(UNMARKED, { ...toAccountFields(account), ...inCall() }),
    tagsLost({ ref }, fix) {
      metrics.countLostTags();
      log.error("storage account lost the tags of this controller", {
        ...accountFields(ref),
        reason: fix,
        ...inCall(),
      });
    },
    tagsNotRestored: ({ ref }, error) =>
      log.warn("tags of a storage account were not put back", { ...accountFields(ref), error, ...inCall() }),
    accountKept: (ref) =>
      log.warn("storage account is empty and was kept: nothing says whether it was made for the deleted volume alone", {
        ...accountFields(ref),
        ...inCall(),
      }),
    nothingDeleted({ volumeId: volume, missing, fileSystem }) {
      metrics.countNothingDeleted(missing);
      const where = fileSystem && { ...accountFields(fileSystem.account), container: fileSystem.name };
      // csi-provisioner often repeats a deletion that has just succeeded: not worth a warning.
      const level = missing === "file system" ? "info" : "warn";
      log[level](NOTHING_DELETED[missing], { volume: shown(volume, LONGEST_NAME), ...where, ...inCall() });
    },
  };
}

function accountFields({ subscriptionId, ...ref }: AccountRef): LogFields {
  return { ...toAccountFields({ ref }), subscriptionId };
}

function toAssignmentFields({ name, scope, principalId }: RoleAssignment): LogFields {
  return { roleAssignment: name, container: scope, principalId };
}

function toAccountFields({ ref: { name, resourceGroup } }: SeenAccount): LogFields {
  return { account: name, resourceGroup };
}

type Observing = { readonly [name: string]: (...values: never[]) => unknown };

/** Notifies both, the second one first and only of what it has a method for. */
export function joinObservers<T extends object>(first: T, second: Partial<T>): T {
  const joined = Object.entries(first as Observing).map(([name, notify]) => {
    const also = (second as Partial<Observing>)[name];
    if (also === undefined) return [name, notify];
    return [
      name,
      (...values: never[]) => {
        also(...values);
        return notify(...values);
      },
    ];
  });
  return Object.fromEntries(joined) as T;
}
