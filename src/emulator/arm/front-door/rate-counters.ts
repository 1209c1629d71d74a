/** Counters for request limits: token buckets and sliding windows, by key, on the emulator's clock. */
import type { Clock } from "../../clock.ts";
import type { CallWindow, TokenBucket } from "../../settings.ts";

export interface RateCounters {
  /** Takes one token if available. `left` is what remains in the bucket; `waitSeconds` is 0 when one was taken. */
  takeToken(key: string, bucket: TokenBucket): { left: number; waitSeconds: number };
  /** Counts one call if every window has room. Returns 0, or the whole seconds until there is room. */
  takeFromWindows(key: string, windows: readonly CallWindow[]): number;
}

export function createRateCounters(clock: Clock): RateCounters {
  const buckets = new Map<string, { tokens: number; at: number }>();
  const times = new Map<string, number[]>();
  return {
    takeToken(key, { burst, perSecond }) {
      const now = clock.now();
      const before = buckets.get(key) ?? { tokens: burst, at: now };
      const gained = (Math.max(now - before.at, 0) / 1000) * perSecond;
      const tokens = Math.min(burst, before.tokens + gained);
      const isFree = tokens >= 1;
      const left = isFree ? tokens - 1 : tokens;
      buckets.set(key, { tokens: left, at: now });
      return { left: Math.floor(left), waitSeconds: isFree ? 0 : wholeSeconds((1 - tokens) / perSecond) };
    },
    takeFromWindows(key, windows) {
      const now = clock.now();
      const longestMs = Math.max(...windows.map(({ seconds }) => seconds)) * 1000;
      const taken = (times.get(key) ?? []).filter((time) => time > now - longestMs && time <= now);
      times.set(key, taken);
      const waitMs = Math.max(...windows.map((window) => windowWaitMs(taken, window, now)));
      if (waitMs > 0) return wholeSeconds(waitMs / 1000);
      taken.push(now);
      return 0;
    },
  };
}

/** How long until fewer than the allowed number of calls are within the window. `times` are in order. */
function windowWaitMs(times: readonly number[], { calls, seconds }: CallWindow, now: number): number {
  const blocking = times.at(-calls);
  return blocking === undefined ? 0 : Math.max(blocking + seconds * 1000 - now, 0);
}

/** Retry-After has whole seconds, and never 0. */
function wholeSeconds(seconds: number): number {
  return Math.max(1, Math.ceil(seconds));
}
