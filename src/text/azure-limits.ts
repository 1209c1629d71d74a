/**
 * The request limits that Azure documents, as far as this program meets them; another cloud may state others. Sources:
 * "Understand how Azure Resource Manager throttles requests" (request-limits-and-throttling), "Scalability and performance targets
 * for the storage resource provider" (scalability-targets-resource-provider), and "Throttling limits" of
 * workload-identity-federation-considerations. The emulator has them too: it shares no constant with what it tests.
 */

/** A bucket of `burst` calls that gains `perSecond` of them each second. */
export interface TokenBucketLimit {
  readonly burst: number;
  readonly perSecond: number;
}

/** At most `calls` within any `seconds`. */
export interface CallWindowLimit {
  readonly calls: number;
  readonly seconds: number;
}

export interface AzureLimits {
  /** Azure Resource Manager: for each subscription, principal and kind of operation. */
  readonly armReads: TokenBucketLimit;
  readonly armWrites: TokenBucketLimit;
  readonly armDeletes: TokenBucketLimit;
  /** The storage resource provider: for each subscription and region, of all callers together. A deletion is a write. */
  readonly storageReads: readonly CallWindowLimit[];
  readonly storageWrites: readonly CallWindowLimit[];
  readonly storageLists: readonly CallWindowLimit[];
  /** The managed identity provider: for each subscription. */
  readonly identityReads: TokenBucketLimit;
  readonly identityLists: TokenBucketLimit;
  readonly identityWrites: TokenBucketLimit;
  readonly identityDeletes: TokenBucketLimit;
}

/** How many federated credentials one identity may have; it cannot be raised ("Throttling limits" and the page's limits). */
export const CREDENTIALS_PER_IDENTITY = 20;

export const AZURE_LIMITS: AzureLimits = {
  armReads: { burst: 250, perSecond: 25 },
  armWrites: { burst: 200, perSecond: 10 },
  armDeletes: { burst: 200, perSecond: 10 },
  storageReads: [{ calls: 800, seconds: 300 }],
  storageWrites: [
    { calls: 10, seconds: 1 },
    { calls: 1_200, seconds: 3_600 },
  ],
  storageLists: [{ calls: 100, seconds: 300 }],
  identityReads: { burst: 10, perSecond: 10 },
  identityLists: { burst: 5, perSecond: 5 },
  identityWrites: { burst: 2, perSecond: 2 },
  identityDeletes: { burst: 2, perSecond: 2 },
};

/** What is wrong with a value that should be AzureLimits, or undefined; what it has besides is ignored. */
export function limitsFault(value: unknown): string | undefined {
  if (!isObject(value)) return "must be an object";
  for (const [name, known] of Object.entries(AZURE_LIMITS)) {
    const isRight = Array.isArray(known) ? isWindows(value[name]) : arePositive(value[name], ["burst", "perSecond"]);
    if (!isRight)
      return `.${name} must be ${Array.isArray(known) ? "[{calls, seconds}]" : "{burst, perSecond}"}, of positive numbers`;
  }
  return undefined;
}

function isWindows(value: unknown): boolean {
  return Array.isArray(value) && value.every((each) => arePositive(each, ["calls", "seconds"]));
}

function arePositive(value: unknown, names: readonly string[]): boolean {
  return isObject(value) && names.every((name) => typeof value[name] === "number" && value[name] > 0);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
