/**
 * Retry-After, obeyed by every call and not only by the one that received it: one waiting time for each subscription,
 * provider and kind of call, since Azure counts them so. A call sent before it has passed would only renew it (azure.md 1).
 */
import type { PipelinePolicy, PipelineRequest, PipelineResponse } from "@azure/core-rest-pipeline";

export interface ThrottleOptions {
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
}

/** A longer wait fails the call, with the time in the message, and csi-provisioner tries again. */
const LONGEST_WAIT_MS = 15_000;

export function createThrottle({ now, sleep }: ThrottleOptions): PipelinePolicy {
  const notBefore = new Map<string, number>();
  return {
    name: "keyless-csi-throttle",
    async sendRequest(request, next) {
      const key = keyOf(request);
      const wait = (notBefore.get(key) ?? 0) - now();
      if (wait > LONGEST_WAIT_MS) throw throttled(wait);
      if (wait > 0) await sleep(wait);
      const response = await next(request);
      const retryMs = retryAfterMs(response);
      if (retryMs === undefined) return response;
      notBefore.set(key, now() + retryMs);
      if (retryMs > LONGEST_WAIT_MS) throw throttled(retryMs);
      return response;
    },
  };
}

function keyOf({ method, url }: PipelineRequest): string {
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

/** Of 429 and 503 only: the Retry-After of a 202 is for the poller. Azure sends seconds. */
function retryAfterMs({ status, headers }: PipelineResponse): number | undefined {
  if (status !== 429 && status !== 503) return undefined;
  const seconds = Number(headers.get("retry-after") ?? Number.NaN);
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : undefined;
}

/** Not a RestError, so that the SDK does not retry by itself; `faults.ts` reads its code like one. */
function throttled(milliseconds: number): Error {
  const seconds = Math.ceil(milliseconds / 1000);
  return Object.assign(new Error(`Azure asks to wait ${seconds} s`), {
    name: "ThrottledError",
    statusCode: 429,
    code: "TooManyRequests",
  });
}
