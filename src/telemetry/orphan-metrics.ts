/** What is left in Azure that no volume needs, as metrics. */
import type { Registry } from "prom-client";
import { type Row, watchCounter, watchGauge } from "./labelled.ts";
import { watchOptional } from "./optional.ts";

/** How many orphans of one kind there are, and what becomes of them. */
export interface OrphanRow {
  readonly kind: OrphanKind;
  readonly state: string;
  readonly count: number;
}

/** The orphans of the last round. */
export interface OrphansSeen {
  readonly counts: readonly OrphanRow[];
  /** End of the round, in seconds since 1970. */
  readonly completedAt: number;
}

/** By what `keyless-csi orphans --output json` calls them. */
const LABELS = {
  "file system": "container",
  account: "account",
  "role assignment": "role_assignment",
  credential: "credential",
} as const;
export type OrphanKind = keyof typeof LABELS;

/** What the metrics say of orphans; a part of `Metrics`. */
export interface OrphanMetrics {
  /** What the last round has seen, read at each scrape; undefined: nothing yet, or not here. */
  watchOrphans(read: () => OrphansSeen | undefined): void;
  /** The background task has removed one. */
  countOrphanRemoved(kind: OrphanKind): void;
}

export function countOrphans(registry: Registry): OrphanMetrics {
  // An increase is seen only from a value that was there before.
  const removed = new Map<string, number>(Object.values(LABELS).map((label) => [label, 0]));
  const counter = {
    name: "keyless_csi_orphans_removed_total",
    help: "Orphans that --orphan-cleanup has deleted, by kind.",
    labelNames: ["kind"],
  };
  watchCounter(registry, counter, () => [...removed].map(([label, count]): Row => [[label], count]));
  return {
    countOrphanRemoved: (kind) => void removed.set(LABELS[kind], (removed.get(LABELS[kind]) ?? 0) + 1),
    watchOrphans(read) {
      watchGauge(
        registry,
        {
          name: "keyless_csi_orphans",
          help: "What is left in Azure that no volume needs, by kind; state orphan: may be deleted, kept: only listed, retained: kept on purpose.",
          labelNames: ["kind", "state"],
        },
        () => (read()?.counts ?? []).map(({ kind, state, count }): Row => [[LABELS[kind], state], count]),
      );
      watchOptional(registry, () => read()?.completedAt, {
        name: "keyless_csi_orphans_checked_timestamp_seconds",
        help: "When the last look for orphans ended, in Unix time.",
      });
    },
  };
}
