/** `orphans --name`: what a person has looked at and names, one by one. */
import { DriverError } from "../../errors.ts";
import { isSameText } from "../../text/without-case.ts";
import { isRemovable, isRetained, type Orphan } from "../../volume/orphans/orphan.ts";

/** Last part of the ARM id: a container's, an account's or a credential's name, a role assignment's GUID. */
function nameOf({ id }: Orphan): string {
  return id.slice(id.lastIndexOf("/") + 1);
}

/**
 * Those of the orphans that are named, each by its name or its ARM id. Throws Misconfigured, before anything is deleted, for a name
 * that is none's or that of several; with `toDelete` also for what is only listed.
 */
export function selectNamed(
  orphans: readonly Orphan[],
  names: readonly string[],
  { toDelete }: { readonly toDelete: boolean },
): readonly Orphan[] {
  const named = new Set(names.map((name) => find(orphans, name, toDelete)));
  return orphans.filter((orphan) => named.has(orphan));
}

function find(orphans: readonly Orphan[], name: string, toDelete: boolean): Orphan {
  const [found, ...others] = orphans.filter(
    (orphan) => isSameText(orphan.id, name) || isSameText(nameOf(orphan), name),
  );
  if (found === undefined) throw refused(name, "is no orphan", "list them without --name");
  if (others.length > 0) throw refused(name, `is the name of ${others.length + 1} orphans`, "name the ARM id of one");
  if (!toDelete || isRemovable(found)) return found;
  if (isRetained(found)) throw refused(name, "is retained (--on-delete=retain)", "leave it out");
  throw refused(name, `is only listed: ${found.keptBecause}`, "docs/how-to/orphans.md says what lets it go");
}

function refused(name: string, why: string, fix: string): DriverError {
  return new DriverError("Misconfigured", `--name: "${name}" ${why}: nothing was deleted; ${fix}`);
}
