/** What the background task tells of orphans: a part of the port `Observer`. */

/** As `Orphan` has it; `ports.ts`, which that imports, imports this. */
export type OrphanKind = "file system" | "account" | "role assignment" | "credential";

/** How many orphans of one kind there are. */
export interface OrphanCount {
  readonly kind: OrphanKind;
  /** `orphan`: may be removed. `kept`: only listed. `retained`: kept on purpose. */
  readonly state: "orphan" | "kept" | "retained";
  readonly count: number;
}

/** By which a person finds it. */
export interface SeenOrphan {
  readonly kind: OrphanKind;
  /** ARM id. */
  readonly id: string;
  readonly because: string;
}

export interface OrphanObserver {
  /** The numbers are others than in the round before. */
  orphansFound(counts: readonly OrphanCount[]): void;
  /** The background task has removed it. */
  orphanRemoved(orphan: SeenOrphan): void;
  /** It was to be removed and is left to a person, because it holds something: said once. */
  orphanLeft(orphan: SeenOrphan, why: string): void;
}
