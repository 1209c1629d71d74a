/**
 * Counts for the metrics: made seldom, in the background, and only while the metrics are read. Anybody who reaches the
 * endpoint can read them, so neither a reading nor a failure may cause a call by itself.
 */
import { withDeadline } from "../concurrency/deadline.ts";
import { createSingleFlight } from "../concurrency/single-flight.ts";

export interface SeldomCountsOptions<T> {
  /** What there is to count now. */
  readonly keys: () => readonly string[];
  readonly count: (key: string) => Promise<T>;
  /** Notified of each count that failed. Default: nobody is. */
  readonly failed?: (key: string, error: unknown) => void;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
}

/** A full subscription is some 4,000 role assignments in a handful of pages. */
const REMEMBER_MS = 600_000;
/** The first pause after a failure; it doubles up to the time for which a count is remembered. */
const FIRST_PAUSE_MS = 60_000;
/** A count that could not be renewed for this long says nothing about the present. */
const STALE_MS = 3_600_000;
/** Prometheus gives up a scrape after 10 s by default; only what was never counted is waited for. */
const LONGEST_WAIT_MS = 2_000;

/** The last count of one key, if there was one, and when the next may be made. */
interface State<T> {
  readonly known?: { readonly count: T; readonly at: number };
  readonly failures: number;
  readonly nextAt: number;
}

/** Answers what is known, and never throws: a key is left out until it has been counted once. What is due is counted in the background. */
export function createSeldomCounts<T>(options: SeldomCountsOptions<T>): () => Promise<ReadonlyMap<string, T>> {
  const { keys, count, failed, now } = options;
  const states = new Map<string, State<T>>();
  const counting = createSingleFlight<void>();
  const stateOf = (key: string): State<T> => states.get(key) ?? { failures: 0, nextAt: Number.NEGATIVE_INFINITY };
  const renew = async (key: string): Promise<void> => {
    try {
      const counted = await count(key);
      states.set(key, { known: { count: counted, at: now() }, failures: 0, nextAt: now() + REMEMBER_MS });
    } catch (error) {
      states.set(key, afterFailure(stateOf(key), now()));
      failed?.(key, error);
    }
  };
  return async () => {
    const due = keys().filter((key) => stateOf(key).nextAt <= now());
    const renewals = due.map((key) => ({
      isFirst: stateOf(key).known === undefined,
      done: counting.run(key, () => renew(key)),
    }));
    const first = renewals.filter(({ isFirst }) => isFirst).map(({ done }) => done);
    await withDeadline(LONGEST_WAIT_MS, Promise.all(first), "late");
    const fresh = keys().flatMap((key) => {
      const { known } = stateOf(key);
      return known === undefined || now() - known.at >= STALE_MS ? [] : [[key, known.count] as const];
    });
    return new Map(fresh);
  };
}

/** Without the right to count, every attempt fails, until somebody grants it. */
function afterFailure<T>({ known, failures }: State<T>, at: number): State<T> {
  const pause = Math.min(FIRST_PAUSE_MS * 2 ** failures, REMEMBER_MS);
  return { ...(known && { known }), failures: failures + 1, nextAt: at + pause };
}
