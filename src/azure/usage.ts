/** How much of Azure's fixed limits is used, for the metrics: counted seldom, and only when the metrics are read. */
import { createSingleFlight } from "../concurrency/single-flight.ts";
import { createTtlCache } from "../concurrency/ttl-cache.ts";
import type { Arm } from "./arm.ts";
import { LIMIT } from "./role-assignments.ts";

/** Role assignments in a subscription, at all scopes in it. */
export interface RoleAssignmentUsage {
  readonly subscriptionId: string;
  readonly used: number;
  readonly limit: number;
}

export interface UsageOptions {
  readonly arm: Arm;
  readonly subscriptionIds: readonly string[];
  readonly now: () => number;
}

/** A full subscription is some 4,000 entries in a handful of pages. */
const REMEMBER_MS = 600_000;

/** Subscriptions that cannot be counted at the moment are left out: a metric never fails because of Azure. */
export function createUsage({ arm, subscriptionIds, now }: UsageOptions): () => Promise<RoleAssignmentUsage[]> {
  const counted = createTtlCache<number>(REMEMBER_MS, now);
  const counting = createSingleFlight<number>();
  const count = async (subscriptionId: string): Promise<number> => {
    let used = 0;
    const { roleAssignments } = arm.subscription(subscriptionId).authorization;
    for await (const page of roleAssignments.listForSubscription().byPage()) used += page.length;
    counted.set(subscriptionId, used);
    return used;
  };
  const known = (subscriptionId: string) =>
    counted.get(subscriptionId) ?? counting.run(subscriptionId, () => count(subscriptionId));
  return async () => {
    const counts = await Promise.allSettled(subscriptionIds.map(async (each) => known(each)));
    return counts.flatMap((outcome, index) =>
      outcome.status === "fulfilled"
        ? [{ subscriptionId: subscriptionIds[index] ?? "", used: outcome.value, limit: LIMIT }]
        : [],
    );
  };
}
