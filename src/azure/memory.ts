/**
 * What Azure has told us, kept for a bounded time, and one question at a time for the same thing: a hundred claims that
 * arrive together ask ARM once.
 */

/** A map whose entries go stale. */
export interface Memory<T> {
  get(key: string): T | undefined;
  set(key: string, value: T, lifetimeMs?: number): void;
  forget(key: string): void;
}

/** `now` in milliseconds. Stale entries go when they are met, and all of them when the map doubles its size. */
export function createMemory<T>(lifetimeMs: number, now: () => number): Memory<T> {
  const entries = new Map<string, { readonly value: T; readonly until: number }>();
  let sweepAt = 1_000;
  const sweep = () => {
    for (const [key, { until }] of entries) if (until <= now()) entries.delete(key);
    sweepAt = Math.max(1_000, entries.size * 2);
  };
  return {
    get(key) {
      const entry = entries.get(key);
      if (entry === undefined || entry.until > now()) return entry?.value;
      entries.delete(key);
      return undefined;
    },
    set(key, value, ownLifetimeMs = lifetimeMs) {
      entries.set(key, { value, until: now() + ownLifetimeMs });
      if (entries.size >= sweepAt) sweep();
    },
    forget: (key) => void entries.delete(key),
  };
}

/** Runs the work, or joins the run that is under way for the same key. */
export type Flight<T> = (key: string, work: () => Promise<T>) => Promise<T>;

export function createFlight<T>(): Flight<T> {
  const running = new Map<string, Promise<T>>();
  return (key, work) => {
    const joined = running.get(key);
    if (joined !== undefined) return joined;
    const flight = work().finally(() => running.delete(key));
    running.set(key, flight);
    return flight;
  };
}
