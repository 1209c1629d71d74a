/**
 * Which limits a request draws on: Azure Resource Manager's own, and its resource provider's. Both are looked up by a key of
 * few parts, so that a request costs two look-ups.
 */

import type { AzureLimits, CallWindowLimit } from "../../text/azure-limits.ts";
import type { Operation, Target } from "../request-target.ts";
import { createCallWindow, createTokenBucket } from "./allowances.ts";
import { createLimit, type Limit, type Part, waitingUpTo } from "./limit.ts";

/** What a request draws on. */
export interface Kind {
  /** Unique. */
  readonly key: string;
  /** Who refuses: ARM with its own codes, everything else is the provider's. */
  readonly arm: Limit | undefined;
  readonly provider: Limit;
  /** Both. */
  readonly limits: readonly Limit[];
}

export interface Kinds {
  of(target: Target): Kind;
  /**
   * Of a service that counts by itself, such as an account's Blob service, and far more than a program like this one sends:
   * only the waits that it asks for are kept.
   */
  ofService(service: string): Kind;
  /** Those of a subscription that were drawn on so far. */
  limitsOf(subscriptionId: string): readonly Limit[];
  /** Limits that were drawn on so far, without those of services. */
  all(): Iterable<Limit>;
}

const STORAGE = "microsoft.storage";
const IDENTITY = "microsoft.managedidentity";
/** Accounts, of which only those that throttle have to be known. */
const MOST_SERVICES = 1_000;
/** As a label. */
const ARM = "arm";

/** `regionOf` answers where the storage provider counts the request. */
export function createKinds(
  azure: AzureLimits | undefined,
  now: () => number,
  regionOf: (target: Target) => string,
): Kinds {
  const limits = new Map<string, Limit>();
  const kinds = new Map<string, Kind>();
  const bySubscription = new Map<string, Limit[]>();
  const services = new Map<string, Kind>();
  const limitOf = (key: string, create: () => Limit): Limit => {
    const known = limits.get(key);
    if (known !== undefined) return known;
    const limit = create();
    limits.set(key, limit);
    const { subscriptionId } = limit.name;
    bySubscription.set(subscriptionId, [...(bySubscription.get(subscriptionId) ?? []), limit]);
    return limit;
  };
  const kindOf = (key: string, create: () => Omit<Kind, "key" | "limits">): Kind => {
    const known = kinds.get(key);
    if (known !== undefined) return known;
    const { arm, provider } = create();
    const kind = { key, arm, provider, limits: arm === undefined ? [provider] : [arm, provider] };
    kinds.set(key, kind);
    return kind;
  };
  return {
    of(target) {
      const { subscriptionId, provider, operation } = target;
      const region = provider === STORAGE ? regionOf(target) : "";
      return kindOf(`${subscriptionId}|${provider}|${region}|${operation}`, () => {
        const counted = countedAs(provider, operation);
        const key = `${subscriptionId}|${provider}|${region}|${counted}`;
        return {
          arm: limitOf(`${subscriptionId}|${armOperation(operation)}`, () => armLimit(azure, target)),
          provider: limitOf(key, () =>
            createLimit({ subscriptionId, by: provider, operation: counted }, partsOf(azure, provider, counted)),
          ),
        };
      });
    },
    ofService(service) {
      const known = services.get(service);
      if (known !== undefined) return known;
      if (services.size >= MOST_SERVICES) forgetIdle(services, now());
      const kind = kindOfService(service);
      services.set(service, kind);
      return kind;
    },
    limitsOf: (subscriptionId) => bySubscription.get(subscriptionId) ?? [],
    all: () => limits.values(),
  };
}

function kindOfService(service: string): Kind {
  const provider = createLimit({ subscriptionId: "", by: service, operation: "request" }, []);
  return { key: service, arm: undefined, provider, limits: [provider] };
}

/** Those that nobody waits for, and that have not asked to wait. */
function forgetIdle(services: Map<string, Kind>, at: number): void {
  for (const [service, { provider }] of services) {
    if (provider.left(at) === undefined && waitingUpTo(provider, "background") === 0) services.delete(service);
  }
}

/** The storage provider counts a deletion as a write; only these two count lists apart from reads. */
function countedAs(provider: string, operation: Operation): Operation {
  if (provider === STORAGE) return operation === "delete" ? "write" : operation;
  return operation === "list" && provider !== IDENTITY ? "read" : operation;
}

function armOperation(operation: Operation): Exclude<Operation, "list"> {
  return operation === "list" ? "read" : operation;
}

function armLimit(azure: AzureLimits | undefined, target: Target): Limit {
  const { subscriptionId } = target;
  const operation = armOperation(target.operation);
  if (azure === undefined) return createLimit({ subscriptionId, by: ARM, operation }, []);
  const limit = { read: azure.armReads, write: azure.armWrites, delete: azure.armDeletes }[operation];
  const scope = subscriptionId === "" ? "tenant" : "subscription";
  const says = `Azure Resource Manager allows ${PLURALS[operation]} of ${limit.burst} at once and ${limit.perSecond} a second in a ${scope}`;
  const headers = [
    `x-ms-ratelimit-remaining-${scope}-${operation}s`,
    `x-ms-ratelimit-remaining-${scope}-global-${operation}s`,
  ];
  return createLimit({ subscriptionId, by: ARM, operation }, [{ says, allowance: createTokenBucket(limit) }], headers);
}

const PLURALS: Readonly<Record<Operation, string>> = {
  read: "reads",
  list: "lists",
  write: "writes",
  delete: "deletions",
};

function partsOf(azure: AzureLimits | undefined, provider: string, operation: Operation): Part[] {
  if (azure === undefined) return [];
  if (provider === STORAGE) {
    const windows = { read: azure.storageReads, list: azure.storageLists, write: azure.storageWrites, delete: [] };
    return windows[operation].map((window) => ({
      says: windowSays(window, operation),
      allowance: createCallWindow(window),
    }));
  }
  if (provider !== IDENTITY) return [];
  const limit = {
    read: azure.identityReads,
    list: azure.identityLists,
    write: azure.identityWrites,
    delete: azure.identityDeletes,
  }[operation];
  return [
    {
      says: `Azure allows ${limit.perSecond} ${PLURALS[operation]} of managed identities a second`,
      allowance: createTokenBucket(limit),
    },
  ];
}

function windowSays({ calls, seconds }: CallWindowLimit, operation: Operation): string {
  const within = { 1: "a second", 300: "in 5 min", 3600: "an hour" }[seconds] ?? `in ${seconds} s`;
  return `Azure Storage allows ${calls.toLocaleString("en")} ${PLURALS[operation]} ${within} in a region`;
}
