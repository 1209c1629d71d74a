/**
 * Request limits of Resource Manager and its providers, around the ARM service. Calls are always counted, for the
 * headers that say how many are left, and refused with 429 only when the settings say so. ARM's own counters (per
 * subscription or tenant, principal and kind of call) come first, then those of the call's provider.
 */
import { decodeJwt } from "jose";
import type { Clock } from "../../clock.ts";
import type { Call, Reply, Service } from "../../http/call.ts";
import { AZURE_LIMITS, type EmulatorSettings, type TokenBucket } from "../../settings.ts";
import type { World } from "../../world.ts";
import { type CountedCall, findProvider, type Provider, type Throttling } from "../provider.ts";
import { tooManyRequests } from "./errors.ts";
import { createRateCounters } from "./rate-counters.ts";

interface LimitContext {
  readonly world: World;
  readonly clock: Clock;
  readonly settings: EmulatorSettings;
}

/** Puts the limits around a service. A call without a readable token is not counted: it will be refused for that. */
export function withLimits(service: Service, providers: readonly Provider[], context: LimitContext): Service {
  const { clock, settings, world } = context;
  const counters = createRateCounters(clock);
  const isRefusing = settings.limits !== undefined;
  const limits = settings.limits ?? AZURE_LIMITS;
  const throttling = { limits, counters, world };
  const answer = async (call: Call): Promise<Reply> => {
    const counted = countedCall(call);
    if (counted === undefined) return service(call);
    const remaining = new Map<string, string>();
    const waitSeconds = takeArm(counted, throttling, remaining);
    if (isRefusing && waitSeconds > 0) return withHeaders(armRefusal(counted, waitSeconds), remaining);
    const provider = findProvider(providers, counted.namespace);
    const refusal = isRefusing ? provider?.throttle?.(counted, throttling) : undefined;
    return withHeaders(refusal ?? (await service(call)), remaining);
  };
  const { operationOf, operations } = service;
  return Object.assign(answer, { operations, ...(operationOf === undefined ? {} : { operationOf }) });
}

function countedCall(call: Call): CountedCall | undefined {
  const principal = principalOf(call.headers.authorization);
  if (principal === undefined) return undefined;
  const path = call.path.toLowerCase().replace(/\/$/, "");
  const subscription = /^\/+subscriptions\/([^/]+)/.exec(path)?.[1];
  const afterProvider = path.split("/providers/").at(-1)?.split("/") ?? [];
  const isRead = call.method === "GET" || call.method === "HEAD";
  // After the namespace, types and names alternate: a path that ends in a type is a collection.
  const isList = isRead && path.includes("/providers/") && afterProvider.length % 2 === 0;
  const kind = isRead ? "read" : call.method === "DELETE" ? "delete" : "write";
  return { kind, isList, subscription, namespace: afterProvider[0] ?? "", principal, path };
}

function principalOf(authorization: string | undefined): string | undefined {
  const token = /^bearer\s+(\S+)$/i.exec(authorization ?? "")?.[1];
  try {
    return token === undefined ? undefined : String(decodeJwt(token)["oid"]);
  } catch {
    return undefined;
  }
}

/**
 * Azure Resource Manager, "Understand how Azure Resource Manager throttles requests". Returns 0 or the seconds to wait.
 */
function takeArm(call: CountedCall, { limits, counters }: Throttling, remaining: Map<string, string>): number {
  const bucket = { read: limits.armReads, write: limits.armWrites, delete: limits.armDeletes }[call.kind];
  const scope = call.subscription === undefined ? "tenant" : "subscription";
  const key = `arm ${call.subscription ?? "tenant"} ${call.kind}`;
  const own = counters.takeToken(`${key} ${call.principal}`, bucket);
  remaining.set(`x-ms-ratelimit-remaining-${scope}-${call.kind}s`, String(own.left));
  // All principals of a subscription together have fifteen times that.
  const whole: TokenBucket = { burst: bucket.burst * 15, perSecond: bucket.perSecond * 15 };
  const all = counters.takeToken(key, whole);
  remaining.set(`x-ms-ratelimit-remaining-${scope}-global-${call.kind}s`, String(all.left));
  return Math.max(own.waitSeconds, all.waitSeconds);
}

function armRefusal(call: CountedCall, waitSeconds: number): Reply {
  const whose = call.subscription === undefined ? "the tenant" : `subscription '${call.subscription}'`;
  const code = call.subscription === undefined ? "TenantRequestsThrottled" : "SubscriptionRequestsThrottled";
  return tooManyRequests(
    code,
    `Number of '${call.kind}' requests for ${whose} actor '${call.principal}' exceeded. Please try again after ` +
      `'${waitSeconds}' seconds after additional tokens are available. Refer to https://aka.ms/arm-throttling for ` +
      "additional information.",
    waitSeconds,
  );
}

function withHeaders(reply: Reply, remaining: ReadonlyMap<string, string>): Reply {
  return { ...reply, headers: { ...Object.fromEntries(remaining), ...reply.headers } };
}
