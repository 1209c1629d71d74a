/**
 * User-assigned identities through ARM: from a client id to the principal that is granted access, and whether the identity
 * trusts a ServiceAccount. Answers are remembered for a bounded time. A ServiceAccount's client id is what a tenant has
 * written: one that does not exist must not cause a list by itself.
 */
import { createSerialQueue } from "../concurrency/serial-queue.ts";
import { createTtlCache } from "../concurrency/ttl-cache.ts";
import { DriverError } from "../errors.ts";
import type { Credential, Identities, Trust, UserAssignedIdentity } from "../volume/ports.ts";
import type { Arm } from "./arm.ts";
import { statusOf, toDriverError } from "./faults.ts";
import { deleteCredential, listCredentials, writeCredential } from "./federated-credentials.ts";
import { createListLookup } from "./list-lookup.ts";

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

/** Azure can list identities but not search them by client id, at 5 lists a second for a subscription (azure.md 1). */
export function createIdentities({ arm, scopes, rememberMs, now }: IdentitiesOptions): Identities {
  const identities = createListLookup<UserAssignedIdentity>({ rememberMs, now });
  const trusts = createListLookup<true>({ rememberMs, now });
  const find = (entry: string) => identities.find("all", entry, () => listByIds(arm, scopes));
  const denied = createTtlCache<true>(rememberMs, now);
  /** Azure refuses concurrent writes to one identity. */
  const writes = createSerialQueue();
  return {
    findByClientId: (clientId) => find(clientId.toLowerCase()),
    async findReadable({ clientId, principalId }) {
      if (denied.get("list") !== undefined) return [];
      try {
        const found = [await find(clientId.toLowerCase()), await find(byPrincipal(principalId))];
        return found.filter((identity) => identity !== undefined);
      } catch (error) {
        if (!isLasting(error)) throw error;
        denied.set("list", true);
        return [];
      }
    },
    async trusts(identity, trust) {
      const listTrusts = async () => {
        const credentials = await listCredentials(arm, identity);
        return new Map(credentials.map((credential) => [entryOf(credential.trust), true] as const));
      };
      return (await trusts.find(listOf(identity), entryOf(trust), listTrusts)) === true;
    },
    async addTrust(identity, trust, name) {
      await writes(identity.id, () => writeCredential(arm, identity, trust, name));
      trusts.set(listOf(identity), entryOf(trust), true);
    },
    async list() {
      try {
        return [...(await listByIds(arm, scopes)).entries()].flatMap(([key, found]) =>
          key === found.clientId ? [found] : [],
        );
      } catch (error) {
        if (isLasting(error)) return undefined;
        throw error;
      }
    },
    listTrusts: async (identity) => (await listCredentials(arm, identity)).map(({ trust }) => trust),
    listCredentials: () => listAllCredentials(arm, scopes),
    async removeCredential(credential) {
      const { identity, trust } = credential;
      await writes(identity.id, () => deleteCredential(arm, credential));
      trusts.delete(listOf(identity), entryOf(trust));
    },
  };
}

/** Whether the list will be refused again: a right, a resource group or the registration of the provider is missing. */
function isLasting(error: unknown): boolean {
  if (statusOf((error as Error).cause) === 403) return true;
  return error instanceof DriverError && error.reason === "Misconfigured";
}

function listOf({ id }: UserAssignedIdentity): string {
  return id.toLowerCase();
}

/** Byte for byte, as Entra compares issuer, subject and audience. */
function entryOf({ issuer, subject, audience }: Trust): string {
  return JSON.stringify([issuer, subject, audience]);
}

/** An object id is no client id: who names one as the other is refused. */
function byPrincipal(principalId: string): string {
  return `principal ${principalId.toLowerCase()}`;
}

async function listByIds(arm: Arm, scopes: readonly IdentityScope[]): Promise<Map<string, UserAssignedIdentity>> {
  const found = new Map<string, UserAssignedIdentity>();
  for (const scope of scopes) {
    for (const identity of await listIdentities(arm, scope)) {
      found.set(identity.clientId, identity);
      found.set(byPrincipal(identity.principalId), identity);
    }
  }
  return found;
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
