/** How old something must be to count as an orphan: what is being created at this moment is young. */
export interface AgeLimit {
  /** What was changed or created within this time is left alone. */
  readonly olderThanMs: number;
  /** By this machine's clock, in milliseconds since 1970; it must be off by less than `olderThanMs`. */
  readonly nowMs: number;
}

/** Anything that ARM states no time for is never old enough. */
export function isOldEnough(timeMs: number | undefined, { nowMs, olderThanMs }: AgeLimit): boolean {
  return timeMs !== undefined && nowMs - timeMs > olderThanMs;
}
