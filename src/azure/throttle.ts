/**
 * Retry-After, obeyed by every call and not only by the one that received it: one waiting time for each subscription,
 * provider and kind of call, since Azure counts them so. A call sent before it has passed would only renew it (azure.md 1).
 */
import { type PipelinePolicy, type PipelineRequest, type PipelineResponse, RestError } from "@azure/core-rest-pipeline";

/** Until when nothing may be sent, by subscription, provider and kind of call; times of a monotonic clock. */
export type Waits = Map<string, number>;

export interface ThrottleOptions {
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** Where the waits that Azure asks for are kept: other calls of the same clients obey them. */
  readonly waits: Waits;
  /** Waits of other clients, which are obeyed too and never written. */
  readonly othersWaits?: Waits;
  /** What Azure counts together. Default: subscription, provider and kind of call, as ARM does. */
  readonly keyOf?: (request: PipelineRequest) => string;
  /** A longer wait fails the call, with the time in the error's cause. Default 15,000. */
  readonly longestWaitMs?: number;
}

/** csi-provisioner tries again by itself, so that no longer wait is needed here. */
const LONGEST_WAIT_MS = 15_000;
/** Azure's longest window (azure.md 1): a longer wait, by a mistake of a proxy, must not last until the next restart. */
const LONGEST_WINDOW_MS = 3_600_000;

/** A claim's events count as one only while their text is the same: what is left of a wait is not. */
const TOLD_MINUTES = [1, 5, 15, 60];

/** Throws a RestError with status 429 instead of waiting too long; the SDKs do not repeat it. */
export function createThrottle(options: ThrottleOptions): PipelinePolicy {
  const { now, sleep, waits, othersWaits, longestWaitMs = LONGEST_WAIT_MS, keyOf = armKeyOf } = options;
  return {
    name: "keyless-csi-throttle",
    async sendRequest(request, next) {
      const key = keyOf(request);
      const wait = Math.max(waits.get(key) ?? 0, othersWaits?.get(key) ?? 0) - now();
      if (wait > longestWaitMs) throw throttled(request, wait);
      if (wait > 0) await sleep(wait);
      const response = await next(request);
      const askedMs = waitAsked(response);
      if (askedMs === undefined) return response;
      waits.set(key, now() + askedMs);
      if (askedMs > longestWaitMs) throw throttled(request, askedMs);
      return response;
    },
  };
}

function armKeyOf({ method, url }: PipelineRequest): string {
  const path = new URL(url).pathname.toLowerCase();
  const subscription = /\/subscriptions\/([^/]+)/.exec(path)?.[1] ?? "";
  const [, provider = "", types = ""] = /.*\/providers\/([^/]+)\/?(.*)/.exec(path) ?? [];
  return `${subscription}|${provider}|${kindOf(method, provider, types)}`;
}

function kindOf(method: string, provider: string, types: string): string {
  if (method === "DELETE") return "delete";
  if (method !== "GET" && method !== "HEAD") return "write";
  // type/name/type: the path of a collection has an odd number of parts. Storage counts lists apart from reads (azure.md 1),
  // so that a list in the background that is throttled does not hold up a volume.
  const isList = provider === "microsoft.storage" && types.split("/").filter(Boolean).length % 2 === 1;
  return isList ? "list" : "read";
}

/**
 * Milliseconds, of a 429 or 503 only: the Retry-After of a 202 is for the poller. The SDKs' own retries wait by these
 * headers in this order (ts-http-runtime, throttlingRetryStrategy), as long as they say: what is not read here is slept there.
 */
function waitAsked({ status, headers }: PipelineResponse): number | undefined {
  if (status !== 429 && status !== 503) return undefined;
  const read = (name: string, toMs: (text: string) => number) => {
    const text = headers.get(name);
    return text === undefined ? Number.NaN : toMs(text);
  };
  const ms = [
    read("retry-after-ms", Number),
    read("x-ms-retry-after-ms", Number),
    read("retry-after", (text) => Number(text) * 1000),
    read("retry-after", (text) => Date.parse(text) - Date.now()),
  ].find(Number.isFinite);
  return ms !== undefined && ms > 0 ? Math.min(ms, LONGEST_WINDOW_MS) : undefined;
}

/**
 * What is left of the wait differs from attempt to attempt, and the message becomes an event that Kubernetes counts as long as
 * it stays the same: the exact time is in the cause, for the log.
 *
 * With the request, which SDK code may look for in any RestError, and without a response: the SDKs would wait by its
 * Retry-After and send the request again, and @azure/core-client reads `response.request.method`.
 */
function throttled(request: PipelineRequest, milliseconds: number): RestError {
  const minutes = TOLD_MINUTES.find((limit) => milliseconds <= limit * 60_000) ?? TOLD_MINUTES.at(-1);
  const error = new RestError(`Azure asks to wait up to ${minutes} min`, {
    statusCode: 429,
    code: "TooManyRequests",
    request,
  });
  error.cause = new Error(`${Math.ceil(milliseconds / 1000)} s of it are left`);
  return error;
}
