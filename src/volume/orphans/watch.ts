/**
 * What one term of the background task has seen of orphans, from round to round: the only proof that something never had a
 * PersistentVolume, since neither Azure nor the cluster keeps a record of PersistentVolumes that are gone. It ends with the term,
 * and whatever is older than the term has no such proof.
 */
import type { Orphan, OrphanedFileSystem } from "./orphan.ts";
import { fileSystemKey, type StoredFileSystem } from "./stored.ts";

/** What a round has seen, and when. */
export interface Sighting {
  readonly survey: { readonly orphans: readonly Orphan[]; readonly stored: readonly StoredFileSystem[] };
  /** Monotonic, in milliseconds. */
  readonly at: number;
  /** When the round began, in milliseconds since 1970. */
  readonly dateMs: number;
}

export interface OrphanWatch {
  saw(sighting: Sighting): void;
  /** How long each round has found it an orphan, in milliseconds; undefined when only the last one has. */
  orphanedFor(orphan: Orphan): number | undefined;
  /** Whether every round has seen it since it was made, and none a PersistentVolume that names it. */
  wasNeverBound(orphan: OrphanedFileSystem): boolean;
}

export function createOrphanWatch(): OrphanWatch {
  /** By ARM id: when this row of rounds began to find it, and when it was last found. */
  let found = new Map<string, { readonly since: number; readonly last: number }>();
  /** File systems of which something may have been missed: they were there before the first round, or had a PersistentVolume. */
  let missed = new Set<string>();
  let begun: { readonly dateMs: number } | undefined;
  return {
    saw({ survey, at, dateMs }) {
      const isFirst = begun === undefined;
      begun ??= { dateMs };
      found = new Map(survey.orphans.map(({ id }) => [id, { since: found.get(id)?.since ?? at, last: at }]));
      // What is gone is forgotten: under the same name comes another one, which the next round sees from its beginning.
      const before = missed;
      const isMissed = ({ key, isBound }: StoredFileSystem) => isFirst || isBound || before.has(key);
      missed = new Set(survey.stored.filter(isMissed).map(({ key }) => key));
    },
    orphanedFor({ id }) {
      const known = found.get(id);
      return known === undefined || known.last === known.since ? undefined : known.last - known.since;
    },
    wasNeverBound({ fileSystem, changedAtMs }) {
      // An account that was not recognised as ours in the first round may hold what is older than it.
      const isYounger = begun !== undefined && changedAtMs !== undefined && changedAtMs > begun.dateMs;
      return isYounger && !missed.has(fileSystemKey(fileSystem));
    },
  };
}
