/** Role definitions and deny assignments through ARM, for a review of who may do what with data. */
import type { DenyAssignment as ArmDenyAssignment, Permission } from "@azure/arm-authorization";
import { groupId } from "../volume/formats/arm-ids.ts";
import type { AccessReads, DataRole, DeniedPermission, DenyAssignment, ResourceGroupRef } from "../volume/ports.ts";
import type { Arm } from "./arm.ts";
import { statusOf, toDriverError } from "./faults.ts";
import { sdkScope } from "./role-assignment-lists.ts";

export function createAccessReads(arm: Arm): AccessReads {
  return {
    listRoles: (group) => listRoles(arm, group),
    listDenials: (group) => listDenials(arm, group),
  };
}

/** Without a filter the list has what can be assigned at the scope, below it, and the built-in roles (REST: Role Definitions - List). */
async function listRoles(arm: Arm, group: ResourceGroupRef): Promise<DataRole[]> {
  const { roleDefinitions } = arm.subscription(group.subscriptionId).authorization;
  try {
    const found: DataRole[] = [];
    for await (const { name = "", roleName = "", permissions } of roleDefinitions.list(sdkScope(groupId(group)))) {
      found.push({ id: name, name: roleName, permissions: toPermissions(permissions) });
    }
    return found;
  } catch (error) {
    throw toDriverError(error, `listing the roles of resource group ${group.resourceGroup}`);
  }
}

/** Without a filter the list has what is above the scope and below it too (REST: Deny Assignments - List For Scope). */
async function listDenials(arm: Arm, group: ResourceGroupRef): Promise<DenyAssignment[] | undefined> {
  const { denyAssignments } = arm.subscription(group.subscriptionId).authorization;
  try {
    const found: DenyAssignment[] = [];
    for await (const item of denyAssignments.listForScope(sdkScope(groupId(group)))) found.push(toDenyAssignment(item));
    return found;
  } catch (error) {
    if (statusOf(error) === 403) return undefined;
    throw toDriverError(error, `listing the deny assignments of resource group ${group.resourceGroup}`);
  }
}

function toDenyAssignment(item: ArmDenyAssignment): DenyAssignment {
  const idsOf = (principals: ArmDenyAssignment["principals"] = []) => principals.flatMap(({ id }) => id ?? []);
  return {
    id: item.id ?? "",
    name: item.denyAssignmentName ?? item.name ?? "",
    scope: item.scope ?? "",
    principalIds: idsOf(item.principals),
    excludedPrincipalIds: idsOf(item.excludePrincipals),
    permissions: toPermissions(item.permissions),
    holdsBelow: item.doNotApplyToChildScopes !== true,
  };
}

function toPermissions(permissions: readonly Permission[] = []): DeniedPermission[] {
  return permissions.map(({ actions = [], notActions = [], dataActions = [], notDataActions = [] }) => {
    return { actions, notActions, dataActions, notDataActions };
  });
}
