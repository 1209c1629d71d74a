/** A cache whose entries expire: Azure's answers, kept for a bounded time. */
export interface TtlCache<T> {
  get(key: string): T | undefined;
  /** `lifetimeMs` overrides the cache's own lifetime for this entry. */
  set(key: string, value: T, lifetimeMs?: number): void;
  delete(key: string): void;
}

/** `now` in milliseconds. Expired entries are dropped when read, and all of them when the cache has doubled in size. */
export function createTtlCache<T>(lifetimeMs: number, now: () => number): TtlCache<T> {
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
    delete: (key) => void entries.delete(key),
  };
}
