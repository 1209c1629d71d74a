/**
 * The budget: what Azure still allows of each limit, for all calls of this process. Documented limits are counted here, so that
 * calls wait instead of being refused; what an answer says is left can only lower the count, since other replicas and clusters
 * may spend from the same limits; and after a Retry-After nothing is sent to what has asked for it until it has passed.
 */
import type { Purpose, Work } from "../../concurrency/purpose.ts";
import type { AzureLimits } from "../../text/azure-limits.ts";
import type { Target } from "../request-target.ts";
import { createKinds, type Kind, type Kinds } from "./kinds.ts";
import type { Limit, LimitName, Wait } from "./limit.ts";
import { createBudgetQueue } from "./queue.ts";
import { createRegions } from "./regions.ts";

export interface BudgetOptions {
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** Of the cloud; undefined: they are not known, and only what Azure asks is kept. */
  readonly limits: AzureLimits | undefined;
  /** A call that would have to wait longer fails. Default 15,000. */
  readonly longestWaitMs?: number;
}

/** The state of one limit, for the metrics. */
export interface BudgetState extends LimitName {
  /** Calls that may be sent now; undefined where Azure documents no limit. */
  readonly left: number | undefined;
  readonly waiting: number;
  readonly waitedSeconds: number;
  readonly throttled: number;
}

export interface Budget extends Pick<Kinds, "of" | "ofService"> {
  /** As `BudgetQueue.enter`. */
  enter(kind: Kind, purpose: Purpose, mayWait: boolean, work?: Work): Wait | undefined | Promise<Wait | undefined>;
  /** A call that was let in has been answered, or never will be. */
  ended(kind: Kind): void;
  /** An answer states that so many are left, in the header of this name. */
  lower(limit: Limit, left: number): void;
  /** Azure asks to send nothing for so long. */
  stop(limit: Limit, milliseconds: number): void;
  /** What a request or an answer about an account says of it. */
  learn(target: Target, body: unknown): void;
  states(): BudgetState[];
}

/** csi-provisioner tries again by itself, so that no longer wait is needed here. */
const LONGEST_WAIT_MS = 15_000;

export function createBudget({ now, sleep, limits, longestWaitMs = LONGEST_WAIT_MS }: BudgetOptions): Budget {
  const regions = createRegions();
  const kinds = createKinds(limits, now, regions.of);
  const queue = createBudgetQueue({ now, sleep, longestWaitMs, limitsOf: kinds.limitsOf });
  return {
    of: kinds.of,
    ofService: kinds.ofService,
    enter: queue.enter,
    learn: regions.learn,
    ended(kind) {
      const at = now();
      for (const limit of kind.limits) limit.ended(at);
      queue.pump();
    },
    lower: (limit, left) => limit.lower(now(), left),
    stop(limit, milliseconds) {
      limit.counts.throttled += 1;
      limit.stop(now() + milliseconds);
    },
    states: () => merge([...kinds.all()].map((limit) => stateOf(limit, now()))),
  };
}

function stateOf({ name, counts, left }: Limit, at: number): BudgetState {
  const { waiting, waitedMs, throttled } = counts;
  const sum = waiting.create + waiting.delete + waiting.background;
  return { ...name, left: left(at), waiting: sum, waitedSeconds: waitedMs / 1000, throttled };
}

/** The regions of a subscription are one: the one of which the least is left counts. */
function merge(states: readonly BudgetState[]): BudgetState[] {
  const merged = new Map<string, BudgetState>();
  for (const state of states) {
    const key = `${state.subscriptionId}|${state.by}|${state.operation}`;
    const other = merged.get(key);
    const left = Math.min(state.left ?? Number.POSITIVE_INFINITY, other?.left ?? Number.POSITIVE_INFINITY);
    merged.set(key, {
      ...state,
      left: Number.isFinite(left) ? left : undefined,
      waiting: state.waiting + (other?.waiting ?? 0),
      waitedSeconds: state.waitedSeconds + (other?.waitedSeconds ?? 0),
      throttled: state.throttled + (other?.throttled ?? 0),
    });
  }
  return [...merged.values()];
}
