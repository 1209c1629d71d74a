/** Our role assignments at what no longer exists: when its name is used again they would take effect again. */
import type { AssignmentScope } from "../../backend/backend.ts";
import type { Dependencies } from "../dependencies.ts";
import { decodeDescription } from "../formats/role-assignment-description.ts";
import { belongingOf, isForOneVolume, mayHold } from "../ownership.ts";
import type { FileSystemRef, ListedRoleAssignment } from "../ports.ts";
import { isOurRoleAssignment } from "../role-assignments.ts";
import type { Inventory, KnownAccount } from "./inventory.ts";
import type { OrphanedRoleAssignment } from "./orphan.ts";

/** `retained` are the file systems that are kept without a volume: their data stays, and nobody has access to it. */
export function findOrphanedRoleAssignments(
  deps: Dependencies,
  inventory: Inventory,
  retained: readonly FileSystemRef[],
): OrphanedRoleAssignment[] {
  const { backend } = deps;
  const kept = new Set(retained.map((fileSystem) => backend.scopeOf(fileSystem).toLowerCase()));
  return inventory.roleAssignments.filter(isOurRoleAssignment).flatMap((roleAssignment) => {
    const because = kept.has(roleAssignment.scope.toLowerCase())
      ? `the ${backend.noun} is retained without a volume`
      : whyOrphaned(deps, inventory, roleAssignment);
    const id = `${roleAssignment.scope}/providers/Microsoft.Authorization/roleAssignments/${roleAssignment.name}`;
    return because === undefined ? [] : [{ kind: "role assignment" as const, id, because, roleAssignment }];
  });
}

function whyOrphaned(deps: Dependencies, inventory: Inventory, assignment: ListedRoleAssignment): string | undefined {
  const scope = deps.backend.parseScope(assignment.scope);
  if (scope === undefined || inventory.foreign.has(scope.account.name)) return undefined;
  const known = inventory.accounts.get(scope.account.name);
  if (known !== undefined) return whyOrphanedIn(deps, known, scope);
  // Without the account only the description says which cluster the assignment belongs to.
  const cluster = decodeDescription(assignment.description);
  return cluster && belongingOf(cluster, deps.settings) ? `storage account ${scope.account.name} is gone` : undefined;
}

function whyOrphanedIn(
  { settings, backend }: Dependencies,
  { account, fileSystems }: KnownAccount,
  { fileSystem: name }: AssignmentScope,
): string | undefined {
  if (name !== undefined) {
    const isOurs = mayHold(account, { account: account.ref, name }, settings);
    return isOurs && !fileSystems.some(({ ref }) => ref.name === name) ? `${backend.noun} ${name} is gone` : undefined;
  }
  // An account of one volume goes as a whole, with its role assignments.
  if (fileSystems.length > 0 || isForOneVolume(account, settings)) return undefined;
  return `storage account ${account.ref.name} holds no ${backend.noun}`;
}
