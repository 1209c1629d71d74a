/**
 * One limit of Azure: what is still allowed of it, until when Azure has asked to send nothing, and who waits for it here.
 * Several kinds of requests may draw on the same one.
 */
import { PURPOSES, type Purpose } from "../../concurrency/purpose.ts";
import type { Allowance } from "./allowances.ts";

/** A limit by its subscription, who sets it, and the operations that it counts: labels of metrics, all of few values. */
export interface LimitName {
  /** Lower case; `""` for what is in no subscription. */
  readonly subscriptionId: string;
  /** `arm` for Azure Resource Manager itself, or a resource provider's namespace in lower case. */
  readonly by: string;
  /** `read`, `list`, `write` or `delete`; `request` of a service that does not tell them apart. */
  readonly operation: string;
}

/** One of its parts: a bucket or a window, with the words for a message. */
export interface Part {
  /** `Azure Storage allows 1,200 writes an hour in a region`. */
  readonly says: string;
  readonly allowance: Allowance;
}

export interface Limit {
  readonly name: LimitName;
  /** Answers that state what is left have it in these headers. */
  readonly headers: readonly string[];
  /** How long a call has to wait, and for what. */
  wait(now: number, purpose: Purpose, how?: Waiting): Wait;
  take(now: number): void;
  ended(now: number): void;
  /** Azure says that no more is left. */
  lower(now: number, left: number): void;
  /** Azure asks to send nothing until then. */
  stop(until: number): void;
  /** What is left of the part of which the smallest share is left; undefined where Azure documents no limit. */
  left(now: number): number | undefined;
  /** Changed by the queue and the policy. */
  readonly counts: Counts;
}

export interface Counts {
  /** How many wait here, by purpose. */
  readonly waiting: Record<Purpose, number>;
  /** How many calls of an earlier purpose went first since one of this purpose was sent, while one was waiting. */
  readonly passedOver: Record<Purpose, number>;
  /** Until when work that had begun was refused here, by purpose: the next of that purpose will need it as well. */
  readonly refusedUntil: Record<Purpose, number>;
  /** Milliseconds that calls have waited. */
  waitedMs: number;
  /** Answers of Azure that asked to wait. */
  throttled: number;
}

export interface Wait {
  readonly milliseconds: number;
  /** `Azure asks to wait`, or the limit that is used up; `""` without a wait. */
  readonly says: string;
}

export const ASKED = "Azure asks to wait";

export interface Waiting {
  /** Calls that go first. */
  readonly ahead?: number;
  /** Nothing is kept for others: its turn has come. */
  readonly isOwed?: boolean;
}

/** The share of each limit that is left for what comes first. Metrics and background tasks leave half of it for volumes. */
const KEPT: Readonly<Record<Purpose, number>> = { create: 0, delete: 0.1, background: 0.5 };

export const NO_WAIT: Wait = { milliseconds: 0, says: "" };

export function createLimit(name: LimitName, parts: readonly Part[], headers: readonly string[] = []): Limit {
  let stoppedUntil = Number.NEGATIVE_INFINITY;
  return {
    name,
    headers,
    wait(now, purpose, { ahead = 0, isOwed = false } = {}) {
      let longest = stoppedUntil > now ? { milliseconds: stoppedUntil - now, says: ASKED } : NO_WAIT;
      for (const { allowance, says } of parts) {
        const milliseconds = allowance.waitMs(now, isOwed ? 0 : KEPT[purpose], ahead);
        if (milliseconds > longest.milliseconds) longest = { milliseconds, says };
      }
      return longest;
    },
    take(now) {
      for (const { allowance } of parts) allowance.take(now);
    },
    ended(now) {
      for (const { allowance } of parts) allowance.ended(now);
    },
    lower(now, left) {
      for (const { allowance } of parts) allowance.lower(now, left);
    },
    stop(until) {
      stoppedUntil = Math.max(stoppedUntil, until);
    },
    left(now) {
      if (stoppedUntil > now) return 0;
      return parts.length === 0 ? undefined : Math.min(...parts.map(({ allowance }) => allowance.left(now)));
    },
    counts: {
      waiting: { create: 0, delete: 0, background: 0 },
      passedOver: { create: 0, delete: 0, background: 0 },
      refusedUntil: { create: 0, delete: 0, background: 0 },
      waitedMs: 0,
      throttled: 0,
    },
  };
}

/** How many wait for this or an earlier purpose. */
export function waitingUpTo({ counts }: Limit, purpose: Purpose): number {
  let sum = 0;
  for (const each of PURPOSES) {
    sum += counts.waiting[each];
    if (each === purpose) break;
  }
  return sum;
}
