/** How much of Azure's limits is used, for the metrics. */
import type { Region } from "./account-room.ts";
import type { Arm } from "./arm.ts";
import { statusOf } from "./faults.ts";
import { LIMIT } from "./role-assignments.ts";
import { createSeldomCounts } from "./seldom-counts.ts";

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

/** Answers what is known, and never throws: a subscription is left out until it has been counted once. */
export function createUsage({ arm, subscriptionIds, now }: UsageOptions): () => Promise<RoleAssignmentUsage[]> {
  const read = createSeldomCounts({ keys: () => subscriptionIds, count: (id) => countAssignments(arm, id), now });
  return async () => {
    const known = await read();
    return [...known].map(([subscriptionId, used]) => ({ subscriptionId, used, limit: LIMIT }));
  };
}

/** Throws as the SDK does. */
export async function countAssignments(arm: Arm, subscriptionId: string): Promise<number> {
  let used = 0;
  const { roleAssignments } = arm.subscription(subscriptionId).authorization;
  for await (const page of roleAssignments.listForSubscription().byPage()) used += page.length;
  return used;
}

/** Storage accounts of a subscription in a region, those of others among them. */
export interface AccountUsage extends Region {
  readonly used: number;
  readonly limit: number;
}

export interface AccountUsageOptions extends Pick<UsageOptions, "arm" | "now"> {
  /** Those in use: more may be added. */
  readonly regions: () => readonly Region[];
  /** Called once for each region that the controller may not ask about. */
  readonly refused: (region: Region) => void;
}

/** The same for a region. Source: REST, Usages - List By Location (`StorageAccounts`, with the limit of this subscription). */
export function createAccountUsage({ arm, regions, refused, now }: AccountUsageOptions): () => Promise<AccountUsage[]> {
  const byKey = new Map<string, Region>();
  const reported = new Set<string>();
  const regionOf = (key: string) => byKey.get(key) ?? { subscriptionId: "", location: "" };
  const read = createSeldomCounts({
    keys() {
      for (const region of regions()) byKey.set(`${region.subscriptionId}/${region.location}`.toLowerCase(), region);
      return [...byKey.keys()];
    },
    count: (key) => countAccounts(arm, regionOf(key)),
    failed(key, error) {
      if (statusOf(error) !== 403 || reported.has(key)) return;
      reported.add(key);
      refused(regionOf(key));
    },
    now,
  });
  return async () => [...(await read())].map(([key, counted]) => ({ ...regionOf(key), ...counted }));
}

/** Throws as the SDK does, and for an answer without the number. */
export async function countAccounts(arm: Arm, { subscriptionId, location }: Region) {
  for await (const usage of arm.subscription(subscriptionId).storage.usages.listByLocation(location)) {
    const { name, currentValue: used, limit } = usage;
    if (name?.value === "StorageAccounts" && used !== undefined && limit !== undefined) return { used, limit };
  }
  throw new Error("the answer does not state the number of storage accounts");
}
