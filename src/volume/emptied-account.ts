/** What an account leaves behind when its last volume is gone: its role assignments, and itself if it was for one volume. */
import type { Dependencies } from "./dependencies.ts";
import { decodeAccountTags } from "./formats/account-tags.ts";
import { accountKey } from "./formats/arm-ids.ts";
import { encodeDescription } from "./formats/role-assignment-description.ts";
import { isForOneVolume, isOurs } from "./ownership.ts";
import type { Account, FileSystemRef, RoleAssignment } from "./ports.ts";
import { removeRoleAssignments } from "./role-assignments.ts";
import { clusterOf } from "./settings.ts";
import { removeAllIn } from "./vanished.ts";

/** Role assignments at an account that is emptied. */
export interface AtEmptied {
  readonly assignments: readonly RoleAssignment[];
  /** Those that were removed already, for the case that the account is in use after all. */
  readonly removed?: readonly RoleAssignment[];
}

/**
 * Removes role assignments at the account while its last file system still exists, which alone names them: after a crash the
 * next attempt finds them again. Answers those that existed; `"in use"` while another file system is in the account.
 */
export async function removeBeforeEmptied(
  { ports }: Dependencies,
  account: Account,
  { fileSystem, assignments }: { readonly fileSystem: FileSystemRef; readonly assignments: readonly RoleAssignment[] },
): Promise<readonly RoleAssignment[] | "in use"> {
  if (assignments.length === 0) return [];
  return await ports.accountLock.exclusive(accountKey(account.ref), async () => {
    const isLast = !(await ports.fileSystems.existIn(account.ref, fileSystem.name));
    return isLast ? await removeRoleAssignments({ ports }, assignments) : "in use";
  });
}

/** Runs under the account's exclusive lock: another call may be creating a volume in the same account. */
export async function cleanUpEmptied(deps: Dependencies, account: Account, at: AtEmptied): Promise<void> {
  if (decodeAccountTags(account.tags).isolation === undefined) await reportKept(deps, account);
  const isConcerned = at.assignments.length > 0 || (at.removed ?? []).length > 0;
  if (!isForOneVolume(account, deps.settings) && !isConcerned) return;
  await deps.ports.accountLock.exclusive(accountKey(account.ref), () => removeIfEmpty(deps, account, at));
}

/** Nothing says any more whether the account was for this one volume: it stays, and somebody should look at it. */
async function reportKept({ ports, settings }: Dependencies, account: Account): Promise<void> {
  if (!isOurs(account, settings) || (await ports.fileSystems.existIn(account.ref))) return;
  ports.observer.accountKept(account.ref);
}

/**
 * Another replica may create a volume here at the same time. It reads the role assignment before or after we remove it: if
 * before, we see its file system afterwards and put the assignment back. Only what was there is put back: the metadata may
 * name others.
 */
async function removeIfEmpty(
  deps: Dependencies,
  account: Account,
  { assignments, removed = [] }: AtEmptied,
): Promise<void> {
  const { fileSystems, roleAssignments } = deps.ports;
  const putBack = async (missing: readonly RoleAssignment[]) => {
    const description = encodeDescription(clusterOf(deps.settings));
    for (const assignment of missing) await roleAssignments.create(assignment, description);
  };
  if (await fileSystems.existIn(account.ref)) return await putBack(removed);
  const removedNow = await removeRoleAssignments(deps, assignments);
  if (isForOneVolume(account, deps.settings)) return await removeOwn(deps, account);
  if (await fileSystems.existIn(account.ref)) await putBack([...removed, ...removedNow]);
}

/** An account that is kept is an orphan: `orphans` reports it, with what keeps it. */
async function removeOwn(deps: Dependencies, { ref }: Account): Promise<void> {
  const left = await removeAllIn(deps, ref);
  if (left.length === 0) await deps.ports.accounts.remove(ref);
}
