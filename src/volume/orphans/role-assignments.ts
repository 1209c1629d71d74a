/** Our role assignments at what no longer exists: when its name is used again they would take effect again. */
import type { AssignmentScope } from "../../backend/backend.ts";
import { isOurRoleAssignment } from "../access/role-assignments.ts";
import { clusterOfAccount, isForOneVolume, isOwnedCluster, listedMarks, mayHold } from "../account/ownership.ts";
import type { Dependencies } from "../dependencies.ts";
import { decodeDescription } from "../formats/role-assignment-description.ts";
import type { ClusterIdentity, FileSystemRef, ListedRoleAssignment } from "../ports.ts";
import type { Inventory, KnownAccount } from "./inventory.ts";
import { type Statements, whyKept } from "./kept.ts";
import type { OrphanedRoleAssignment } from "./orphan.ts";

export interface RoleAssignmentOptions {
  /** The file systems that are kept without a volume: their data stays, and nobody has access to it. */
  readonly retained: readonly FileSystemRef[];
  readonly statements: Statements;
}

export function findOrphanedRoleAssignments(
  deps: Dependencies,
  inventory: Inventory,
  { retained, statements }: RoleAssignmentOptions,
): OrphanedRoleAssignment[] {
  const { backend } = deps;
  const kept = new Set(retained.map((fileSystem) => backend.scopeOf(fileSystem).toLowerCase()));
  return inventory.roleAssignments.filter(isOurRoleAssignment).flatMap((roleAssignment) => {
    const because = kept.has(roleAssignment.scope.toLowerCase())
      ? `the ${backend.noun} is retained without a volume`
      : whyOrphaned(deps, inventory, roleAssignment);
    const id = `${roleAssignment.scope}/providers/Microsoft.Authorization/roleAssignments/${roleAssignment.name}`;
    if (because === undefined) return [];
    const keptBecause = whyKept(clusterOf(deps, inventory, roleAssignment), deps.settings, statements);
    return [{ kind: "role assignment" as const, id, because, keptBecause, roleAssignment }];
  });
}

function whyOrphaned(deps: Dependencies, inventory: Inventory, assignment: ListedRoleAssignment): string | undefined {
  const scope = deps.backend.parseScope(assignment.scope);
  if (scope === undefined || inventory.foreign.has(scope.account.name)) return undefined;
  const known = inventory.accounts.get(scope.account.name);
  if (known !== undefined) return whyOrphanedIn(deps, known, scope);
  const cluster = clusterOf(deps, inventory, assignment);
  return isOwnedCluster(cluster, deps.settings, listedMarks(deps.settings))
    ? `storage account ${scope.account.name} is gone`
    : undefined;
}

/** The account's, where it exists; without it only the description says which cluster the assignment belongs to. */
function clusterOf(
  { backend }: Dependencies,
  { accounts }: Inventory,
  { scope, description }: ListedRoleAssignment,
): ClusterIdentity {
  const known = accounts.get(backend.parseScope(scope)?.account.name ?? "");
  return (known && clusterOfAccount(known.account)) ?? decodeDescription(description) ?? { clusterId: "" };
}

function whyOrphanedIn(
  { settings, backend }: Dependencies,
  { account, fileSystems }: KnownAccount,
  { fileSystem: name }: AssignmentScope,
): string | undefined {
  if (name !== undefined) {
    const isOurs = mayHold(account, { account: account.ref, name }, settings, listedMarks(settings));
    return isOurs && !fileSystems.some(({ ref }) => ref.name === name) ? `${backend.noun} ${name} is gone` : undefined;
  }
  // An account of one volume goes as a whole, with its role assignments.
  if (fileSystems.length > 0 || isForOneVolume(account, settings)) return undefined;
  return `storage account ${account.ref.name} holds no ${backend.noun}`;
}
