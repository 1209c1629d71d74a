/**
 * Retry-After, obeyed by every call and not only by the one that was told: one waiting time for each subscription, provider
 * and kind of call, since Azure counts them so. A call sent before it has passed would only renew it (azure.md 1).
 */
import type { PipelinePolicy, PipelineRequest, PipelineResponse } from "@azure/core-rest-pipeline";

export interface ThrottleOptions {
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
}

/** A longer wait is not sat out: the caller is told, with the time, and csi-provisioner comes again. */
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
      const told = retryAfterMs(response);
      if (told === undefined) return response;
      notBefore.set(key, now() + told);
      if (told > LONGEST_WAIT_MS) throw throttled(told);
      return response;
    },
  };
}

function keyOf({ method, url }: PipelineRequest): string {
  const path = new URL(url).pathname.toLowerCase();
  const subscription = /\/subscriptions\/([^/]+)/.exec(path)?.[1] ?? "";
  const provider = /.*\/providers\/([^/]+)/.exec(path)?.[1] ?? "";
  const kind = method === "GET" || method === "HEAD" ? "read" : method === "DELETE" ? "delete" : "write";
  return `${subscription}|${provider}|${kind}`;
}

/** Of 429 and 503 only: the Retry-After of a 202 is for the poller. Azure sends seconds. */
function retryAfterMs({ status, headers }: PipelineResponse): number | undefined {
  if (status !== 429 && status !== 503) return undefined;
  const seconds = Number(headers.get("retry-after") ?? Number.NaN);
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : undefined;
}

/** Not a RestError, so that the SDK does not try again by itself; `faults.ts` reads it as it reads one. */
function throttled(milliseconds: number): Error {
  const seconds = Math.ceil(milliseconds / 1000);
  const headers = { get: () => String(seconds) };
  return Object.assign(new Error(`Azure asks to wait ${seconds} s`), {
    name: "ThrottledError",
    statusCode: 429,
    code: "TooManyRequests",
    response: { headers },
  });
}
