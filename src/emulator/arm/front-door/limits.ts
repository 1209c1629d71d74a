/**
 * Request limits of Resource Manager and its providers, around the ARM service. Counted always, for the headers that
 * tell how much is left; refused with 429 only when the settings say so. Three counters stand behind each other: ARM's
 * own (per subscription or tenant, principal and kind), then the storage or the managed identity provider's.
 */
import { decodeJwt } from "jose";
import type { Clock } from "../../clock.ts";
import type { Call, Reply, Service } from "../../http/call.ts";
import {
  AZURE_LIMITS,
  type CallWindow,
  type EmulatorSettings,
  type RequestLimits,
  type TokenBucket,
} from "../../settings.ts";
import type { World } from "../../world.ts";
import { createRateCounters, type RateCounters } from "./rate-counters.ts";

export interface LimitParts {
  readonly world: World;
  readonly clock: Clock;
  readonly settings: EmulatorSettings;
}

type Kind = "read" | "write" | "delete";

/** A call as its counters see it. */
interface Counted {
  readonly kind: Kind;
  readonly isList: boolean;
  /** Lower case; undefined for calls outside any subscription. */
  readonly subscription: string | undefined;
  /** Lower case provider namespace of the last resource in the path. */
  readonly provider: string;
  readonly principal: string;
  readonly path: string;
}

/** Puts the limits around a service. A call without a readable token is not counted: it is refused for that. */
export function withLimits(service: Service, parts: LimitParts): Service {
  const counters = createRateCounters(parts.clock);
  const isRefusing = parts.settings.limits !== undefined;
  const limits = parts.settings.limits ?? AZURE_LIMITS;
  const answer = async (call: Call): Promise<Reply> => {
    const counted = countedCall(call);
    if (counted === undefined) return service(call);
    const remaining = new Map<string, string>();
    const waitSeconds = takeArm(counted, limits, counters, remaining);
    if (isRefusing && waitSeconds > 0) return withHeaders(armRefusal(counted, waitSeconds), remaining);
    const refusal = isRefusing ? takeProvider(counted, limits, counters, parts.world) : undefined;
    return withHeaders(refusal ?? (await service(call)), remaining);
  };
  return service.operationOf === undefined ? answer : Object.assign(answer, { operationOf: service.operationOf });
}

function countedCall(call: Call): Counted | undefined {
  const principal = principalOf(call.headers.authorization);
  if (principal === undefined) return undefined;
  const path = call.path.toLowerCase().replace(/\/$/, "");
  const subscription = /^\/+subscriptions\/([^/]+)/.exec(path)?.[1];
  const afterProvider = path.split("/providers/").at(-1)?.split("/") ?? [];
  const isRead = call.method === "GET" || call.method === "HEAD";
  // Behind the namespace, types and names alternate: a path that ends in a type is a collection.
  const isList = isRead && path.includes("/providers/") && afterProvider.length % 2 === 0;
  const kind = isRead ? "read" : call.method === "DELETE" ? "delete" : "write";
  return { kind, isList, subscription, provider: afterProvider[0] ?? "", principal, path };
}

function principalOf(authorization: string | undefined): string | undefined {
  const token = /^bearer\s+(\S+)$/i.exec(authorization ?? "")?.[1];
  try {
    return token === undefined ? undefined : String(decodeJwt(token)["oid"]);
  } catch {
    return undefined;
  }
}

/** Azure Resource Manager, "Understand how Azure Resource Manager throttles requests". Returns 0 or the seconds to wait. */
function takeArm(call: Counted, limits: RequestLimits, counters: RateCounters, remaining: Map<string, string>): number {
  const bucket = { read: limits.armReads, write: limits.armWrites, delete: limits.armDeletes }[call.kind];
  const scope = call.subscription === undefined ? "tenant" : "subscription";
  const key = `arm ${call.subscription ?? "tenant"} ${call.kind}`;
  const own = counters.takeToken(`${key} ${call.principal}`, bucket);
  remaining.set(`x-ms-ratelimit-remaining-${scope}-${call.kind}s`, String(own.left));
  // All principals of a subscription together have fifteen times as much.
  const whole: TokenBucket = { burst: bucket.burst * 15, perSecond: bucket.perSecond * 15 };
  const all = counters.takeToken(key, whole);
  remaining.set(`x-ms-ratelimit-remaining-${scope}-global-${call.kind}s`, String(all.left));
  return Math.max(own.waitSeconds, all.waitSeconds);
}

function takeProvider(call: Counted, limits: RequestLimits, counters: RateCounters, world: World): Reply | undefined {
  const key = `${call.provider} ${call.subscription ?? ""}`;
  if (call.provider === "microsoft.storage") {
    const [name, windows] = storageWindows(call, limits);
    const waitSeconds = counters.takeFromWindows(`${key} ${regionOf(call, world)} ${name}`, windows);
    return waitSeconds > 0 ? storageRefusal(name, waitSeconds) : undefined;
  }
  if (call.provider === "microsoft.managedidentity") {
    const bucket = call.isList
      ? limits.identityLists
      : call.kind === "read"
        ? limits.identityReads
        : limits.identityWrites;
    const { waitSeconds } = counters.takeToken(`${key} ${call.isList ? "list" : call.kind}`, bucket);
    return waitSeconds > 0
      ? refusal("TooManyRequests", "Too many requests to the managed identity service.", waitSeconds)
      : undefined;
  }
  return undefined;
}

function storageWindows(call: Counted, limits: RequestLimits): ["Read" | "Write" | "List", readonly CallWindow[]] {
  if (call.isList) return ["List", limits.storageLists];
  return call.kind === "read" ? ["Read", limits.storageReads] : ["Write", limits.storageWrites];
}

/** The region of the account in the path; of its resource group while there is no such account. */
function regionOf({ path }: Counted, world: World): string {
  const account = /\/storageaccounts\/([^/]+)/.exec(path)?.[1] ?? "";
  const group = /^\/+(subscriptions\/[^/]+\/resourcegroups\/[^/]+)/.exec(path)?.[1] ?? "";
  return world.accounts.get(account)?.location ?? world.resourceGroups.get(`/${group}`)?.location ?? "";
}

function armRefusal(call: Counted, waitSeconds: number): Reply {
  const whose = call.subscription === undefined ? "the tenant" : `subscription '${call.subscription}'`;
  const code = call.subscription === undefined ? "TenantRequestsThrottled" : "SubscriptionRequestsThrottled";
  return refusal(
    code,
    `Number of '${call.kind}' requests for ${whose} actor '${call.principal}' exceeded. Please try again after ` +
      `'${waitSeconds}' seconds after additional tokens are available. Refer to https://aka.ms/arm-throttling for ` +
      "additional information.",
    waitSeconds,
  );
}

function storageRefusal(kind: string, waitSeconds: number): Reply {
  return refusal(
    "TooManyRequests",
    `The request is being throttled as the limit has been reached for operation type - ${kind}. For more information, ` +
      "see - https://aka.ms/srpthrottlinglimits",
    waitSeconds,
  );
}

function refusal(code: string, message: string, waitSeconds: number): Reply {
  return { status: 429, headers: { "retry-after": String(waitSeconds) }, body: { error: { code, message } } };
}

function withHeaders(reply: Reply, remaining: ReadonlyMap<string, string>): Reply {
  return { ...reply, headers: { ...Object.fromEntries(remaining), ...reply.headers } };
}
