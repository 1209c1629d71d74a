/** What an account leaves behind when its last volume is gone: its role assignments, and itself if it was for one volume. */

import { runFor } from "../../concurrency/purpose.ts";
import { mayBeOpenFor } from "../access/recorded-principals.ts";
import { removeRoleAssignments } from "../access/role-assignments.ts";
import { removeAllIn } from "../access/vanished.ts";
import type { Dependencies } from "../dependencies.ts";
import { decodeAccountTags } from "../formats/account-tags.ts";
import { accountKey } from "../formats/arm-ids.ts";
import { encodeDescription } from "../formats/role-assignment-description.ts";
import type { Account, FileSystemRef, RoleAssignment } from "../ports.ts";
import { clusterOf } from "../settings.ts";
import { listFileSystems } from "./contents.ts";
import { isForOneVolume, isOurs } from "./ownership.ts";

/** Role assignments at an account that is emptied. */
export interface AtEmptied {
  readonly assignments: readonly RoleAssignment[];
  /** Those that were removed already, for the case that the account is in use after all. */
  readonly removed?: readonly RoleAssignment[];
}

/** An account, and by its name the file system that is still in it and goes. */
interface Emptied {
  readonly account: Account;
  readonly except?: string;
}

/**
 * Removes role assignments at the account while its last file system still exists, which alone names them: after a crash the
 * next attempt finds them again. Answers those that existed; `"in use"` while another file system is in the account.
 */
export async function removeBeforeEmptied(
  deps: Dependencies,
  account: Account,
  { fileSystem, assignments }: { readonly fileSystem: FileSystemRef; readonly assignments: readonly RoleAssignment[] },
): Promise<readonly RoleAssignment[] | "in use"> {
  const { fileSystems } = deps.ports;
  if (assignments.length === 0) return [];
  return await alone(deps, account, async () => {
    if (await fileSystems.existIn(account.ref, fileSystem.name)) return "in use";
    return await removeUnlessUsed(deps, { assignments }, { account, except: fileSystem.name });
  });
}

/** Runs under the account's exclusive lock: another call may be creating a volume in the same account. */
export async function cleanUpEmptied(deps: Dependencies, account: Account, at: AtEmptied): Promise<void> {
  if (decodeAccountTags(account.tags).isolation === undefined) await reportKept(deps, account);
  const isConcerned = at.assignments.length > 0 || (at.removed ?? []).length > 0;
  if (!isForOneVolume(account, deps.settings) && !isConcerned) return;
  await alone(deps, account, () => removeIfEmpty(deps, account, at));
}

/** Who creates a volume in the account waits for the end of this: it goes first as that does. */
function alone<T>({ ports }: Dependencies, { ref }: Account, work: () => Promise<T>): Promise<T> {
  return ports.accountLock.exclusive(accountKey(ref), () => runFor("create", work));
}

/** Nothing says any more whether the account was for this one volume: it stays, and somebody should look at it. */
async function reportKept({ ports, settings }: Dependencies, account: Account): Promise<void> {
  if (!isOurs(account, settings) || (await ports.fileSystems.existIn(account.ref))) return;
  ports.observer.accountKept(account.ref);
}

async function removeIfEmpty(deps: Dependencies, account: Account, at: AtEmptied): Promise<void> {
  if (await deps.ports.fileSystems.existIn(account.ref)) return await putBack(deps, at.removed ?? [], { account });
  if (!isForOneVolume(account, deps.settings)) return void (await removeUnlessUsed(deps, at, { account }));
  await removeRoleAssignments(deps, at.assignments);
  await removeOwn(deps, account);
}

/**
 * Another replica may create a volume here at the same time. It reads the role assignment before or after we remove it: if
 * before, we see its file system afterwards and put the assignment back, whatever has failed in between: no later attempt
 * knows of it. Only what was there is put back, and only for identities of file systems that are there: the metadata may name
 * others.
 */
async function removeUnlessUsed(
  deps: Dependencies,
  { assignments, removed: before = [] }: AtEmptied,
  emptied: Emptied,
): Promise<readonly RoleAssignment[] | "in use"> {
  const { account, except } = emptied;
  const removed = [...before];
  const isSettled = async () => {
    if (removed.length === 0 || !(await deps.ports.fileSystems.existIn(account.ref, except))) return true;
    await putBack(deps, removed, emptied);
    return false;
  };
  try {
    for (const each of assignments) removed.push(...(await removeRoleAssignments(deps, [each])));
  } catch (error) {
    await isSettled();
    throw error;
  }
  return (await isSettled()) ? removed : "in use";
}

/** All that can be: one of a former role may not be assigned any more. Throws the first failure. */
async function putBack(deps: Dependencies, removed: readonly RoleAssignment[], emptied: Emptied): Promise<void> {
  const { ports, settings } = deps;
  const description = encodeDescription(clusterOf(settings));
  const failures: unknown[] = [];
  for (const assignment of await reliedOn(deps, removed, emptied)) {
    await ports.roleAssignments.create(assignment, description).catch((error) => failures.push(error));
  }
  if (failures.length > 0) throw failures[0];
}

/** What a file system of the account may be open by; everything where nobody knows. */
async function reliedOn(
  deps: Dependencies,
  removed: readonly RoleAssignment[],
  { account, except }: Emptied,
): Promise<readonly RoleAssignment[]> {
  const present = await listFileSystems(deps, account.ref).catch(() => undefined);
  const others = present?.filter(({ ref }) => ref.name !== except);
  return removed.filter(({ principalId }) => others?.some((each) => mayBeOpenFor(each, principalId)) ?? true);
}

/** An account that is kept is an orphan: `orphans` reports it, with what keeps it. */
async function removeOwn(deps: Dependencies, { ref }: Account): Promise<void> {
  const left = await removeAllIn(deps, ref);
  if (left.length === 0) await deps.ports.accounts.remove(ref);
}
