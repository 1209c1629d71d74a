/**
 * Which of several processes does what only one may do. The algorithm is that of client-go's leaderelection, over a record
 * that all of them can read and replace: clocks of different machines are never compared, a record counts as expired when
 * it has not changed for its duration by the observer's own clock.
 *
 * @kubernetes/client-node (2.0.1) has the API of Leases and no election.
 */
import type { Failures } from "./failures.ts";
import { jittered, type Time, whenAborted } from "./time.ts";

/** The record as it was read or written. */
export interface LeaseRecord {
  /** `""`: nobody. */
  readonly holder: string;
  readonly durationMs: number;
  /** Changes with each write. */
  readonly version: string;
}

/** Where the record is. Both throw when it cannot be reached. */
export interface LeaseStore {
  read(): Promise<LeaseRecord | undefined>;
  /** Replaces exactly `before`, or creates the record; undefined: somebody else was faster, and nothing was written. */
  write(
    lease: Pick<LeaseRecord, "holder" | "durationMs">,
    before: LeaseRecord | undefined,
  ): Promise<LeaseRecord | undefined>;
}

export interface Leadership {
  /**
   * Calls `lead` each time this process becomes the one; its signal aborts when that is over. Resolves once `stopping` has
   * aborted and the record is given up, without waiting for `lead`.
   */
  run(lead: (term: AbortSignal) => Promise<void>, stopping: AbortSignal): Promise<void>;
}

/** Without other processes: leads until it stops. */
export const ALONE: Leadership = {
  run(lead, stopping) {
    void lead(stopping);
    return whenAborted(stopping);
  },
};

export interface ElectionOptions {
  readonly store: LeaseStore;
  /** This process; no other may have the same. */
  readonly identity: string;
  readonly time: Time;
  /** Of reading and writing the record. */
  readonly failures: Failures;
}

/** After a crash another process takes over within this time and one more interval. */
export const LEASE_DURATION_MS = 45_000;
export const LEASE_INTERVAL_MS = 10_000;
/**
 * Without a renewal for so long the process stops leading. An attempt that begins just before this may take two requests of
 * 10 s (kubernetes/api.ts) and still ends before others count the lease as expired.
 */
const GIVE_UP_MS = 20_000;

type Attempt = "held" | "lost" | "failed";

export function createElection(options: ElectionOptions): Leadership {
  const { time } = options;
  const candidacy = createCandidacy(options);
  return {
    async run(lead, stopping) {
      while (!stopping.aborted) {
        const begunAt = time.now();
        if ((await candidacy.attempt()) === "held")
          await leadUntilLost(options, candidacy, { begunAt, lead, stopping });
        else await time.sleep(jittered(LEASE_INTERVAL_MS, time), stopping);
      }
      await candidacy.release();
    },
  };
}

interface Term {
  /** When the attempt began that has won. */
  readonly begunAt: number;
  readonly lead: (term: AbortSignal) => Promise<void>;
  readonly stopping: AbortSignal;
}

async function leadUntilLost({ time }: ElectionOptions, candidacy: Candidacy, { begunAt, lead, stopping }: Term) {
  const term = new AbortController();
  const led = lead(term.signal);
  let renewedAt = begunAt;
  for (;;) {
    await time.sleep(LEASE_INTERVAL_MS, stopping);
    if (stopping.aborted) break;
    const attemptedAt = time.now();
    const attempt = await candidacy.attempt();
    if (attempt === "held") renewedAt = attemptedAt;
    if (attempt === "lost" || time.now() - renewedAt >= GIVE_UP_MS) break;
  }
  term.abort();
  // Never two terms at once in this process; on the way out nothing waits.
  if (!stopping.aborted) await Promise.race([led, whenAborted(stopping)]);
}

interface Candidacy {
  attempt(): Promise<Attempt>;
  /** Leaves the record to the others at once, if it is this process's. */
  release(): Promise<void>;
}

function createCandidacy({ store, identity, time, failures }: ElectionOptions): Candidacy {
  let observed: { readonly record: LeaseRecord | undefined; readonly at: number } | undefined;
  const observe = (record: LeaseRecord | undefined) => {
    if (observed === undefined || record?.version !== observed.record?.version) observed = { record, at: time.now() };
  };
  const isAnothers = (record: LeaseRecord) =>
    record.holder !== "" && record.holder !== identity && time.now() < (observed?.at ?? 0) + record.durationMs;
  const hold = async (before: LeaseRecord | undefined): Promise<boolean> => {
    const written = await store.write({ holder: identity, durationMs: LEASE_DURATION_MS }, before);
    if (written !== undefined) observe(written);
    return written !== undefined;
  };
  const tryOnce = async (): Promise<Attempt> => {
    const known = observed?.record;
    if (known?.holder === identity && (await hold(known))) return "held";
    const record = await store.read();
    observe(record);
    if (record !== undefined && isAnothers(record)) return "lost";
    return (await hold(record)) ? "held" : "lost";
  };
  return {
    async attempt() {
      try {
        const attempt = await tryOnce();
        failures.none();
        return attempt;
      } catch (error) {
        failures.report(error);
        return "failed";
      }
    },
    async release() {
      const known = observed?.record;
      if (known?.holder !== identity) return;
      await store.write({ holder: "", durationMs: LEASE_DURATION_MS }, known).catch(failures.report);
    },
  };
}
