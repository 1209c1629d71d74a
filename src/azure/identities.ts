/** User-assigned identities through ARM: from the client id that a class names to the principal that is granted access. */
import type { Identities, WorkloadIdentity } from "../volume/ports.ts";
import type { Arm } from "./arm.ts";
import { toDriverError } from "./faults.ts";
import { createFlight, createMemory } from "./memory.ts";

export interface IdentitiesOptions {
  readonly arm: Arm;
  /** Where the identities are looked for. */
  readonly subscriptionIds: readonly string[];
  /** How long an identity that was found is remembered, at most 5 minutes. */
  readonly rememberMs: number;
  readonly now: () => number;
}

/** An identity that was just made should be found soon, but a wrong client id must not list at every retry. */
const REMEMBER_ABSENCE_MS = 30_000;

/** Azure can list identities but not search them by client id, at 5 lists a second for a subscription (azure.md 1). */
export function createIdentities({ arm, subscriptionIds, rememberMs, now }: IdentitiesOptions): Identities {
  const known = createMemory<WorkloadIdentity | "absent">(rememberMs, now);
  const listing = createFlight<void>();

  const rememberAll = async (): Promise<void> => {
    for (const subscriptionId of subscriptionIds) {
      for (const identity of await listIdentities(arm, subscriptionId)) known.set(identity.clientId, identity);
    }
  };
  return {
    async findByClientId(clientId) {
      const key = clientId.toLowerCase();
      if (known.get(key) === undefined) await listing("all", rememberAll);
      const found = known.get(key) ?? "absent";
      if (found !== "absent") return found;
      known.set(key, "absent", REMEMBER_ABSENCE_MS);
      return undefined;
    },
  };
}

async function listIdentities(arm: Arm, subscriptionId: string): Promise<WorkloadIdentity[]> {
  try {
    const found: WorkloadIdentity[] = [];
    const { userAssignedIdentities } = arm.subscription(subscriptionId).identity;
    for await (const { clientId, tenantId, principalId } of userAssignedIdentities.listBySubscription()) {
      if (clientId === undefined || tenantId === undefined || principalId === undefined) continue;
      found.push({ clientId: clientId.toLowerCase(), tenantId, principalId });
    }
    return found;
  } catch (error) {
    throw toDriverError(error, `listing the user-assigned identities of subscription ${subscriptionId}`);
  }
}
