/**
 * What happens, as logs and metrics: the observer that `app/` gives to every layer. Each log line of a call carries the
 * call's id, volume and claim, so that one grep finds the whole story of a volume. docs/reference/logs.md lists the fields.
 */
import { describeDifferences } from "./access-metrics.ts";
import type { AppObserver, RequestIds } from "./app-observer.ts";
import { type CallContext, createCallContext, volumeFields } from "./call-context.ts";
import type { Logger } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import { observeOrphans } from "./orphan-log.ts";
import { describeLosses, observeSurprises, toAccountFields, toAssignmentFields } from "./surprises.ts";

export type { AppObserver } from "./app-observer.ts";

interface AppObserverOptions {
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Azure's ids of the request that an error came from. */
  readonly requestIdsOf: (error: unknown) => RequestIds;
  /** Why a call or a task failed, in the words of the domain. */
  readonly reasonOf: (error: unknown) => string;
}

/** Called too often for a log line at level info when they succeed. */
const QUIET_METHODS = ["/csi.v1.Identity/Probe", "/csi.v1.Controller/ControllerGetCapabilities"];

export function createAppObserver({ log, metrics, requestIdsOf, reasonOf }: AppObserverOptions): AppObserver {
  const context = createCallContext();
  const inCall = context.fields;
  return {
    ...observeCalls({ log, metrics, requestIdsOf }, context),
    currentCallId: context.callId,
    azureCalled(call) {
      const { operation, status, milliseconds } = call;
      metrics.observeAzureRequest({ operation, status, seconds: milliseconds / 1000 });
      log.debug("Azure answered", () => ({ ...inCall(), ...call, milliseconds: Math.round(milliseconds) }));
    },
    // The audit: one line for each change of Azure, at level info whatever became of it.
    azureWritten: (write) => log.info("Azure write", { event: "azure.write", ...inCall(), ...write }),
    stepBegun: (step, volume) => log.debug("step begun", () => ({ ...inCall(), step, volume })),
    stepDone: (step, volume) => log.debug("step done", () => ({ ...inCall(), step, volume })),
    roleAssignmentCreated(assignment, how) {
      // Of one that was created the audit has a line, and of one that is remembered its first use; why else one that exists is
      // used is said nowhere else.
      const fields = () => ({ ...inCall(), ...toAssignmentFields(assignment), how });
      if (how === "created" || how === "remembered") log.debug("role assignment in place", fields);
      else log.info("role assignment in place", fields());
    },
    roleAssignmentRemoved: (assignment) =>
      log.debug("role assignment removed", () => ({ ...inCall(), ...toAssignmentFields(assignment) })),
    drifted(account) {
      metrics.countDrift();
      const nonEntraAccess = account.nonEntraAccess.join(", ");
      log.error("storage account is no longer keyless", { ...inCall(), ...toAccountFields(account), nonEntraAccess });
    },
    keylessAgain: (account, how) =>
      log.info("storage account is keyless again", { ...inCall(), ...toAccountFields(account), how }),
    tasksRunHere: (isLeading) =>
      log.info(isLeading ? "this replica runs the background tasks" : "this replica runs no background tasks any more"),
    taskDone: (task) => metrics.countBackgroundRun(task, "done"),
    taskFailed(task, error, isNew) {
      metrics.countBackgroundRun(task, "failed");
      const fields = { ...inCall(), task, reason: reasonOf(error), ...requestIdsOf(error), error };
      if (isNew) log.warn("background task failed, and will be tried again", fields);
    },
    ...observeSurprises({ log, metrics }, inCall),
    volumesLost: (volumes) => log.warn(describeLosses(volumes), inCall()),
    accessDiffers: (found) => log.warn(describeDifferences(found), inCall()),
    ...observeOrphans({ log, metrics }, inCall),
    warned({ volume: name, claim, className, reason: warning, message }) {
      log.warn(message, { ...inCall(), ...volumeFields({ name, claim }), storageClass: className, warning });
    },
  };
}

/** Every RPC from its beginning to its end. */
function observeCalls(
  { log, metrics, requestIdsOf }: Pick<AppObserverOptions, "log" | "metrics" | "requestIdsOf">,
  context: CallContext,
): Pick<AppObserver, "run" | "inTask" | "identified" | "finished"> {
  return {
    run: (call, work) =>
      context.inCall(call, () => {
        metrics.countCall(call.method);
        log.debug("call begun", context.fields);
        return work();
      }),
    inTask: context.inTask,
    identified: context.identified,
    finished({ method, code, milliseconds, reason, error }) {
      metrics.observeOperation({ method, code, seconds: milliseconds / 1000 });
      const fields = { ...context.fields(), code, milliseconds };
      if (reason !== undefined) {
        metrics.countFailure(method, reason);
        log.warn("call failed", { ...fields, reason, ...requestIdsOf(error), error });
      } else if (QUIET_METHODS.includes(method)) log.debug("call done", fields);
      else log.info("call done", fields);
    },
  };
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
