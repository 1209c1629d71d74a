/**
 * What the background task may delete without being asked: access to what is gone, and what holds nothing and never had a
 * PersistentVolume. Everything else waits for a person, who names it (docs/decisions/0022).
 */
import type { Dependencies } from "../dependencies.ts";
import { isRemovable, type Orphan } from "./orphan.ts";
import { fileSystemKey } from "./stored.ts";
import type { OrphanSurvey } from "./survey.ts";
import type { OrphanWatch } from "./watch.ts";

export interface CleanupRules {
  /** How long a file system or an account must have been an orphan. */
  readonly graceMs: number;
}

/** In the order in which they are removed. Nothing before a second round has found it too. */
export function findDue(
  { backend }: Pick<Dependencies, "backend">,
  { orphans, stored }: Pick<OrphanSurvey, "orphans" | "stored">,
  { watch, graceMs }: CleanupRules & { readonly watch: OrphanWatch },
): readonly Orphan[] {
  const present = new Set(stored.map(({ key }) => key));
  const isOfPresent = (scope: string) => {
    const { account, fileSystem: name } = backend.parseScope(scope) ?? {};
    return account === undefined || (name !== undefined && present.has(fileSystemKey({ account, name })));
  };
  return orphans.filter((orphan): boolean => {
    const orphanedFor = watch.orphanedFor(orphan);
    if (orphanedFor === undefined || !isRemovable(orphan)) return false;
    if (orphan.kind === "credential") return true;
    // Who has access to data that is kept is for a person to decide.
    if (orphan.kind === "role assignment") return !isOfPresent(orphan.roleAssignment.scope);
    return orphanedFor >= graceMs && (orphan.kind === "account" || watch.wasNeverBound(orphan));
  });
}
