/** Rate limit for a sequence of calls: Azure answers those beyond it with 429. */

export interface PaceOptions {
  /** How many calls may begin... */
  readonly count: number;
  /** ...within this time. */
  readonly withinMs: number;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  readonly sleep: (milliseconds: number) => Promise<unknown>;
}

/** Await it before each call; the calls are sequential. */
export function createPace({ count, withinMs, now, sleep }: PaceOptions): () => Promise<void> {
  const begun: number[] = [];
  return async () => {
    const oldest = begun.length < count ? undefined : begun.shift();
    const waitMs = oldest === undefined ? 0 : oldest + withinMs - now();
    if (waitMs > 0) await sleep(waitMs);
    begun.push(now());
  };
}
