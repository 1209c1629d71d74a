/**
 * Lookups in lists that Azure has no query for: a list answers for everything that is in it, and for a while also for
 * everything that is not. Who asks for what does not exist causes no call of their own, and nothing is kept of the question.
 */
import { createSingleFlight } from "../concurrency/single-flight.ts";
import { createTtlCache } from "../concurrency/ttl-cache.ts";

export interface ListLookupOptions {
  /** How long an entry that was found is remembered, in milliseconds. */
  readonly rememberMs: number;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
}

export interface ListLookup<T> {
  /** The entry, or undefined when it is in no list that began within the last 30 s. `read` lists everything, when neither is known. */
  find(list: string, entry: string, read: () => Promise<ReadonlyMap<string, T>>): Promise<T | undefined>;
  /** The entry was written. */
  set(list: string, entry: string, value: T): void;
  /** The entry was removed. */
  delete(list: string, entry: string): void;
}

/** What is new should be found soon. */
const REMEMBER_ABSENCE_MS = 30_000;

export function createListLookup<T>({ rememberMs, now }: ListLookupOptions): ListLookup<T> {
  const known = createTtlCache<T>(rememberMs, now);
  /** The entries of the last whole list, while their absence means something. */
  const entries = createTtlCache<Set<string>>(REMEMBER_ABSENCE_MS, now);
  const listing = createSingleFlight<ReadonlyMap<string, T>>();
  const keyOf = (list: string, entry: string) => JSON.stringify([list, entry]);
  return {
    async find(list, entry, read) {
      const remembered = known.get(keyOf(list, entry));
      if (remembered !== undefined) return remembered;
      // One that was in the list and is no longer remembered may have changed.
      if (entries.get(list)?.has(entry) === false) return undefined;
      const found = await listing.run(list, async () => {
        const begun = now();
        const whole = await read();
        for (const [name, value] of whole) known.set(keyOf(list, name), value);
        entries.set(list, new Set(whole.keys()), begun + REMEMBER_ABSENCE_MS - now());
        return whole;
      });
      return found.get(entry);
    },
    set(list, entry, value) {
      known.set(keyOf(list, entry), value);
      entries.get(list)?.add(entry);
    },
    delete(list, entry) {
      known.delete(keyOf(list, entry));
      entries.get(list)?.delete(entry);
    },
  };
}
