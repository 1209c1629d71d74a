/** A role assignment as ARM shows it. */

import type { JsonObject } from "../../../json.ts";
import type { RoleAssignment } from "../../../world.ts";
import { roleDefinitionId } from "../role-definitions/find.ts";

/** Body of GET, PUT, DELETE and of list items. */
export function assignmentView(assignment: RoleAssignment): JsonObject {
  const { scope, name } = assignment;
  const createdOn = new Date(assignment.createdAt).toISOString();
  return {
    properties: {
      roleDefinitionId: roleDefinitionId(scope, assignment.roleDefinitionName),
      principalId: assignment.principalId,
      principalType: assignment.principalType,
      scope: scope === "" ? "/" : scope,
      condition: assignment.condition ?? null,
      conditionVersion: assignment.conditionVersion ?? null,
      createdOn,
      updatedOn: createdOn,
      createdBy: assignment.createdBy ?? null,
      updatedBy: assignment.createdBy ?? null,
      delegatedManagedIdentityResourceId: assignment.delegatedManagedIdentityResourceId ?? null,
      description: assignment.description ?? null,
    },
    id: `${scope.replace(/\/$/, "")}/providers/Microsoft.Authorization/roleAssignments/${name}`,
    type: "Microsoft.Authorization/roleAssignments",
    name,
  };
}
