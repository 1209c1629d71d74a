/** What an account leaves behind when its last volume is gone: its role assignments, and itself if it was for one volume. */
import type { Dependencies } from "./dependencies.ts";
import { accountKey } from "./formats/arm-ids.ts";
import { encodeDescription } from "./formats/role-assignment-description.ts";
import { isForOneVolume } from "./ownership.ts";
import type { Account, RoleAssignment } from "./ports.ts";
import { removeRoleAssignments } from "./role-assignments.ts";
import { clusterOf } from "./settings.ts";

/** Runs under the account's exclusive lock: another call may be creating a volume in the same account. */
export async function cleanUpEmptied(
  deps: Dependencies,
  account: Account,
  assignments: readonly RoleAssignment[],
): Promise<void> {
  if (!isForOneVolume(account, deps.settings) && assignments.length === 0) return;
  await deps.ports.accountLock.exclusive(accountKey(account.ref), () => removeIfEmpty(deps, account, assignments));
}

/**
 * Another replica may create a volume here at the same time. It reads the role assignment before or after we remove it: if
 * before, we see its file system afterwards and put the assignment back.
 */
async function removeIfEmpty(
  { ports, settings }: Dependencies,
  account: Account,
  assignments: readonly RoleAssignment[],
): Promise<void> {
  const { accounts, fileSystems, roleAssignments } = ports;
  if (await fileSystems.existIn(account.ref)) return;
  await removeRoleAssignments(ports, assignments);
  if (isForOneVolume(account, settings)) return await accounts.remove(account.ref);
  if (!(await fileSystems.existIn(account.ref))) return;
  const description = encodeDescription(clusterOf(settings));
  for (const assignment of assignments) await roleAssignments.create(assignment, description);
}
