/**
 * User-assigned identities through ARM: from a client id to the principal that is granted access, and whether the identity
 * trusts a ServiceAccount. Answers are remembered for a bounded time.
 */
import { createSerialQueue } from "../concurrency/serial-queue.ts";
import { createSingleFlight } from "../concurrency/single-flight.ts";
import { createTtlCache } from "../concurrency/ttl-cache.ts";
import type { Credential, Identities, Trust, UserAssignedIdentity } from "../volume/ports.ts";
import type { Arm } from "./arm.ts";
import { toDriverError } from "./faults.ts";
import { deleteCredential, listCredentials, writeCredential } from "./federated-credentials.ts";

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

/** A new identity should be found soon, but a wrong client id must not cause a list at every retry. */
const REMEMBER_ABSENCE_MS = 30_000;

/** Azure can list identities but not search them by client id, at 5 lists a second for a subscription (azure.md 1). */
export function createIdentities({ arm, scopes, rememberMs, now }: IdentitiesOptions): Identities {
  const findKnown = createIdentityLookup({ arm, scopes, rememberMs, now });
  const trusted = createTtlCache<boolean>(rememberMs, now);
  const asking = createSingleFlight<Set<string>>();

  /** Azure refuses concurrent writes to one identity. */
  const writes = createSerialQueue();
  const listTrusts = async (identity: UserAssignedIdentity): Promise<Set<string>> => {
    const keys = (await listCredentials(arm, identity)).map(({ trust }) => keyOf(identity, trust));
    for (const key of keys) trusted.set(key, true);
    return new Set(keys);
  };
  return {
    findByClientId: findKnown,
    async trusts(identity, trust) {
      const key = keyOf(identity, trust);
      const known = trusted.get(key);
      if (known !== undefined) return known;
      const answer = (await asking.run(identity.id, () => listTrusts(identity))).has(key);
      if (!answer) trusted.set(key, false, REMEMBER_ABSENCE_MS);
      return answer;
    },
    async addTrust(identity, trust, name) {
      await writes(identity.id, () => writeCredential(arm, identity, trust, name));
      trusted.set(keyOf(identity, trust), true);
    },
    listCredentials: () => listAllCredentials(arm, scopes),
    async removeCredential(credential) {
      const { identity, trust } = credential;
      await writes(identity.id, () => deleteCredential(arm, credential));
      trusted.delete(keyOf(identity, trust));
    },
  };
}

/** By client id. A list answers the question itself, and is remembered for later ones. */
function createIdentityLookup({ arm, scopes, rememberMs, now }: IdentitiesOptions): Identities["findByClientId"] {
  const known = createTtlCache<UserAssignedIdentity | "absent">(rememberMs, now);
  const listing = createSingleFlight<Map<string, UserAssignedIdentity>>();
  const listAll = async (): Promise<Map<string, UserAssignedIdentity>> => {
    const found = new Map<string, UserAssignedIdentity>();
    for (const scope of scopes) {
      for (const identity of await listIdentities(arm, scope)) found.set(identity.clientId, identity);
    }
    for (const [clientId, identity] of found) known.set(clientId, identity);
    return found;
  };
  return async (clientId) => {
    const key = clientId.toLowerCase();
    const remembered = known.get(key);
    if (remembered !== undefined) return remembered === "absent" ? undefined : remembered;
    const found = (await listing.run("all", listAll)).get(key);
    if (found === undefined) known.set(key, "absent", REMEMBER_ABSENCE_MS);
    return found;
  };
}

/** Byte for byte, as Entra compares issuer, subject and audience. */
function keyOf({ id }: UserAssignedIdentity, { issuer, subject, audience }: Trust): string {
  return JSON.stringify([id.toLowerCase(), issuer, subject, audience]);
}

/** One after the other: Azure allows 5 lists a second for a subscription. */
async function listAllCredentials(arm: Arm, scopes: readonly IdentityScope[]): Promise<Credential[]> {
  const found: Credential[] = [];
  for (const scope of scopes) {
    for (const identity of await listIdentities(arm, scope)) found.push(...(await listCredentials(arm, identity)));
  }
  return found;
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
