/** Request limits of the managed identity provider (workload-identity-federation-considerations), per subscription. */
import type { Reply } from "../../http/call.ts";
import type { RequestLimits, TokenBucket } from "../../settings.ts";
import { tooManyRequests } from "../front-door/errors.ts";
import type { CountedCall, Throttling } from "../provider.ts";

/** 429 when the call's bucket is empty. */
export function throttleIdentities(call: CountedCall, { limits, counters }: Throttling): Reply | undefined {
  const key = `${call.namespace} ${call.subscription ?? ""} ${call.isList ? "list" : call.kind}`;
  const { waitSeconds } = counters.takeToken(key, bucketOf(call, limits));
  if (waitSeconds === 0) return undefined;
  return tooManyRequests("TooManyRequests", "Too many requests to the managed identity service.", waitSeconds);
}

function bucketOf(call: CountedCall, limits: RequestLimits): TokenBucket {
  if (call.isList) return limits.identityLists;
  return call.kind === "read" ? limits.identityReads : limits.identityWrites;
}
