/**
 * Azure's two kinds of limits, counted on this side: a bucket of tokens, and so many calls within a time. Times are
 * milliseconds of a monotonic clock.
 */
import type { CallWindowLimit, TokenBucketLimit } from "../../text/azure-limits.ts";
import { createFifo } from "./fifo.ts";

/** What is still allowed of one limit. */
export interface Allowance {
  /**
   * Milliseconds until a call may be sent, 0 for now: with `ahead` calls before it, and while the share `kept` of the whole
   * (0 to 1) is left for others.
   */
  waitMs(now: number, kept: number, ahead: number): number;
  /** One call is sent, whether or not it was allowed. */
  take(now: number): void;
  /** One that was sent has ended. */
  ended(now: number): void;
  /** Azure has counted more than this side: no more than this is left. */
  lower(now: number, left: number): void;
  /** How many calls may be sent now. */
  left(now: number): number;
}

/** A call that arrives late costs no token more, so that sending is what counts. */
export function createTokenBucket({ burst, perSecond }: TokenBucketLimit): Allowance {
  let tokens = burst;
  let at = Number.NEGATIVE_INFINITY;
  const refill = (now: number): number => {
    tokens = Math.min(burst, tokens + (Math.max(now - at, 0) / 1000) * perSecond);
    at = Math.max(at, now);
    return tokens;
  };
  return {
    waitMs(now, kept, ahead) {
      const missing = 1 + Math.floor(burst * kept) + ahead - refill(now);
      return missing <= 0 ? 0 : Math.ceil((missing / perSecond) * 1000);
    },
    take(now) {
      tokens = Math.max(refill(now) - 1, -burst);
    },
    ended() {},
    lower(now, left) {
      tokens = Math.min(refill(now), left);
    },
    left: (now) => Math.max(Math.floor(refill(now)), 0),
  };
}

/** Azure counts a call when it arrives, which is some time between these two: after it was sent, and before this or its end. */
const ARRIVED_AFTER_MS = 2_000;
/** Nothing is kept of a window that is shorter: what is missing is there again at once. */
const SHORTEST_SHARED_SECONDS = 60;

/**
 * At most `calls` within any `seconds`, as Azure sees them: a call counts from when it is sent until the window's length after
 * it has certainly arrived. Otherwise the first of the next window could overtake the last of this one on the way.
 */
export function createCallWindow({ calls, seconds }: CallWindowLimit): Allowance {
  const windowMs = seconds * 1000;
  /** When they were sent, of those that may not have arrived yet. */
  const underWay = createFifo<number>();
  /** When they had arrived. */
  const arrived = createFifo<number>();
  /** How many count as arrived and have not ended. */
  let unended = 0;
  const arrive = (at: number) => arrived.push(Math.max(arrived.at(arrived.length - 1) ?? at, at));
  const settle = (now: number) => {
    for (let sent = underWay.at(0); sent !== undefined && sent + ARRIVED_AFTER_MS <= now; sent = underWay.at(0)) {
      underWay.shift();
      unended += 1;
      arrive(sent + ARRIVED_AFTER_MS);
    }
    for (let oldest = arrived.at(0); oldest !== undefined && oldest + windowMs <= now; oldest = arrived.at(0)) {
      arrived.shift();
    }
    return underWay.length + arrived.length;
  };
  return {
    waitMs(now, kept, ahead) {
      const allowed = seconds < SHORTEST_SHARED_SECONDS ? calls : Math.max(1, calls - Math.floor(calls * kept));
      const surplus = settle(now) + ahead - allowed;
      if (surplus < 0) return 0;
      const windows = Math.floor(surplus / allowed);
      const index = surplus % allowed;
      const sent = underWay.at(index - arrived.length) ?? now;
      const freed = (arrived.at(index) ?? sent + ARRIVED_AFTER_MS) + windowMs;
      return Math.max(1, freed + windows * windowMs - now);
    },
    take: (now) => underWay.push(now),
    ended(now) {
      settle(now);
      // Which one it was does not matter: as many stay under way, and none for too short a time.
      if (unended > 0) unended -= 1;
      else if (underWay.shift() !== undefined) arrive(now);
    },
    lower() {},
    left: (now) => Math.max(calls - settle(now), 0),
  };
}
