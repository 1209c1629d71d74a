/**
 * How much of Azure's fixed limits is used, for the metrics: counted seldom, in the background, and only while the metrics
 * are read. Anybody who reaches the endpoint can read them, so neither a reading nor a failure may cause a call by itself.
 */
import { withDeadline } from "../concurrency/deadline.ts";
import { createSingleFlight } from "../concurrency/single-flight.ts";
import type { Arm } from "./arm.ts";
import { LIMIT } from "./role-assignments.ts";

/** Role assignments in a subscription, at all scopes in it. */
export interface RoleAssignmentUsage {
  readonly subscriptionId: string;
  readonly used: number;
  readonly limit: number;
}

export interface UsageOptions {
  /** One that gives way to volumes (`ArmOptions.givesWayTo`). */
  readonly arm: Arm;
  readonly subscriptionIds: readonly string[];
  /** Milliseconds, monotonic. */
  readonly now: () => number;
}

/** A full subscription is some 4,000 entries in a handful of pages. */
const REMEMBER_MS = 600_000;
/** The first pause after a failure; it doubles up to the time for which a count is remembered. */
const FIRST_PAUSE_MS = 60_000;
/** A count that could not be renewed for this long says nothing about the present. */
const STALE_MS = 3_600_000;
/** Prometheus gives up a scrape after 10 s by default; only a subscription that was never counted is waited for. */
const LONGEST_WAIT_MS = 2_000;

/** The last count of one subscription, if there was one, and when the next may be made. */
interface State {
  readonly count?: { readonly used: number; readonly at: number };
  readonly failures: number;
  readonly nextAt: number;
}

/**
 * Answers what is known, and never throws: a subscription is left out until it has been counted once. What is due is counted
 * in the background.
 */
export function createUsage({ arm, subscriptionIds, now }: UsageOptions): () => Promise<RoleAssignmentUsage[]> {
  const states = new Map<string, State>();
  const counting = createSingleFlight<void>();
  const stateOf = (id: string): State => states.get(id) ?? { failures: 0, nextAt: Number.NEGATIVE_INFINITY };
  const renew = async (id: string): Promise<void> => {
    try {
      states.set(id, counted(await count(arm, id), now()));
    } catch {
      states.set(id, failed(stateOf(id), now()));
    }
  };
  return async () => {
    const due = subscriptionIds.filter((id) => stateOf(id).nextAt <= now());
    const renewals = due.map((id) => ({
      isFirst: stateOf(id).count === undefined,
      done: counting.run(id, () => renew(id)),
    }));
    const first = renewals.filter(({ isFirst }) => isFirst).map(({ done }) => done);
    await withDeadline(LONGEST_WAIT_MS, Promise.all(first), "late");
    return subscriptionIds.flatMap((subscriptionId) => {
      const known = stateOf(subscriptionId).count;
      if (known === undefined || now() - known.at >= STALE_MS) return [];
      return [{ subscriptionId, used: known.used, limit: LIMIT }];
    });
  };
}

async function count(arm: Arm, subscriptionId: string): Promise<number> {
  let used = 0;
  const { roleAssignments } = arm.subscription(subscriptionId).authorization;
  for await (const page of roleAssignments.listForSubscription().byPage()) used += page.length;
  return used;
}

function counted(used: number, at: number): State {
  return { count: { used, at }, failures: 0, nextAt: at + REMEMBER_MS };
}

/** Without the right to list, every attempt fails, until somebody grants it. */
function failed({ count: known, failures }: State, at: number): State {
  const pause = Math.min(FIRST_PAUSE_MS * 2 ** failures, REMEMBER_MS);
  return { ...(known && { count: known }), failures: failures + 1, nextAt: at + pause };
}
