/**
 * Request limits of the managed identity provider (workload-identity-federation-considerations, "Throttling limits"): calls a
 * second for the tenant, the subscription and the single identity, all of which must have room.
 */
import type { Reply } from "../../http/call.ts";
import type { RequestLimits, TokenBucket } from "../../settings.ts";
import { tooManyRequests } from "../front-door/errors.ts";
import type { CountedCall, Throttling } from "../provider.ts";

/** Each second, for the whole tenant and for one identity; a list is of no identity. */
const AROUND = {
  write: { tenant: 10, identity: 0.25 },
  read: { tenant: 30, identity: 0.5 },
  list: { tenant: 15, identity: undefined },
  delete: { tenant: 10, identity: 0.25 },
} as const;

/** 429 when one of the call's buckets is empty. */
export function throttleIdentities(call: CountedCall, { limits, counters }: Throttling): Reply | undefined {
  const operation = call.isList ? "list" : call.kind;
  const { tenant, identity } = AROUND[operation];
  const key = `${call.namespace} ${operation}`;
  const waits = [
    counters.takeToken(`${key} ${call.subscription ?? ""}`, bucketOf(operation, limits)),
    counters.takeToken(`${key} of the tenant`, { burst: tenant, perSecond: tenant }),
  ];
  // The table is of the identities' own operations; what it means for their federated credentials is not said.
  if (identity !== undefined && IDENTITY_PATH.test(call.path)) {
    waits.push(counters.takeToken(`${key} ${call.path}`, { burst: 1, perSecond: identity }));
  }
  const waitSeconds = Math.max(...waits.map((each) => each.waitSeconds));
  if (waitSeconds === 0) return undefined;
  return tooManyRequests("TooManyRequests", "Too many requests to the managed identity service.", waitSeconds);
}

const IDENTITY_PATH = /\/userassignedidentities\/[^/]+$/;

function bucketOf(operation: keyof typeof AROUND, limits: RequestLimits): TokenBucket {
  const { identityReads, identityLists, identityWrites, identityDeletes } = limits;
  return { read: identityReads, list: identityLists, write: identityWrites, delete: identityDeletes }[operation];
}
