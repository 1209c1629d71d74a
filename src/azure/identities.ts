/**
 * User-assigned identities through ARM: from a client id to the principal that is granted access, and whether the identity
 * trusts a ServiceAccount. Answers are remembered for a bounded time.
 */
import type { Identities, Trust, UserAssignedIdentity } from "../volume/ports.ts";
import type { Arm } from "./arm.ts";
import { toDriverError } from "./faults.ts";
import { listCredentials, writeCredential } from "./federated-credentials.ts";
import { createFlight, createMemory } from "./memory.ts";

/** Where identities may be: a whole subscription or one resource group of it. */
export interface IdentityScope {
  readonly subscriptionId: string;
  readonly resourceGroup?: string;
}

export interface IdentitiesOptions {
  readonly arm: Arm;
  readonly scopes: readonly IdentityScope[];
  /** How long an identity or a trust that was found is remembered, at most 5 minutes. */
  readonly rememberMs: number;
  readonly now: () => number;
}

/** What was just made should be found soon, but a wrong client id must not list at every retry. */
const REMEMBER_ABSENCE_MS = 30_000;

/** Azure can list identities but not search them by client id, at 5 lists a second for a subscription (azure.md 1). */
export function createIdentities({ arm, scopes, rememberMs, now }: IdentitiesOptions): Identities {
  const known = createMemory<UserAssignedIdentity | "absent">(rememberMs, now);
  const trusted = createMemory<boolean>(rememberMs, now);
  const listing = createFlight<void>();
  const asking = createFlight<void>();
  const writing = new Map<string, Promise<unknown>>();

  const rememberAll = async (): Promise<void> => {
    for (const scope of scopes) {
      for (const identity of await listIdentities(arm, scope)) known.set(identity.clientId, identity);
    }
  };
  const rememberTrusts = async (identity: UserAssignedIdentity): Promise<void> => {
    for (const trust of await listCredentials(arm, identity)) trusted.set(keyOf(identity, trust), true);
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
    async trusts(identity, trust) {
      const key = keyOf(identity, trust);
      if (trusted.get(key) === undefined) await asking(identity.id, () => rememberTrusts(identity));
      const answer = trusted.get(key) ?? false;
      if (!answer) trusted.set(key, false, REMEMBER_ABSENCE_MS);
      return answer;
    },
    async addTrust(identity, trust, name) {
      // Azure refuses concurrent writes to one identity, so they wait for each other here.
      const before = writing.get(identity.id) ?? Promise.resolve();
      const write = before.then(() => writeCredential(arm, identity, trust, name));
      writing.set(
        identity.id,
        write.catch(() => undefined),
      );
      await write;
      trusted.set(keyOf(identity, trust), true);
    },
  };
}

/** Byte for byte: Entra compares issuer, subject and audience so. */
function keyOf({ id }: UserAssignedIdentity, { issuer, subject, audience }: Trust): string {
  return JSON.stringify([id.toLowerCase(), issuer, subject, audience]);
}

async function listIdentities(arm: Arm, scope: IdentityScope): Promise<UserAssignedIdentity[]> {
  const { subscriptionId, resourceGroup } = scope;
  const { userAssignedIdentities } = arm.subscription(subscriptionId).identity;
  try {
    const found: UserAssignedIdentity[] = [];
    const all =
      resourceGroup === undefined
        ? userAssignedIdentities.listBySubscription()
        : userAssignedIdentities.listByResourceGroup(resourceGroup);
    for await (const { id, clientId, tenantId, principalId, tags } of all) {
      if (id === undefined || clientId === undefined || tenantId === undefined || principalId === undefined) continue;
      found.push({ id, clientId: clientId.toLowerCase(), tenantId, principalId, tags: tags ?? {} });
    }
    return found;
  } catch (error) {
    const where = resourceGroup === undefined ? "" : ` in resource group ${resourceGroup}`;
    throw toDriverError(error, `listing the user-assigned identities of subscription ${subscriptionId}${where}`);
  }
}
