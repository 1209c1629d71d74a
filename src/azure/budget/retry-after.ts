/** How long an answer asks to wait. */
import type { PipelineResponse } from "@azure/core-rest-pipeline";

/** Azure's longest window (azure.md 1): a longer wait, by a mistake of a proxy, must not last until the next restart. */
const LONGEST_WINDOW_MS = 3_600_000;

/**
 * Milliseconds, of a 429 or 503 only: the Retry-After of a 202 is for the poller. The SDKs' own retries wait by these
 * headers in this order (ts-http-runtime, throttlingRetryStrategy), as long as they say: what is not read here is slept there.
 */
export function waitAsked({ status, headers }: PipelineResponse): number | undefined {
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
