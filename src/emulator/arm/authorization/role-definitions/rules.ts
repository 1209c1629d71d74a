/** What a custom role may contain (Azure RBAC "custom-roles"). */

import { isObject } from "../../../json.ts";
import type { Permission, RoleDefinition } from "../../../world.ts";
import { badRequest } from "../../front-door/errors.ts";
import { objectAt, stringAt, stringsAt } from "../../front-door/json.ts";
import { isGuid } from "../../front-door/resource-ids.ts";
import type { ArmRequest } from "../../provider.ts";
import { readActions } from "./actions.ts";

/** "custom-roles", custom role properties: characters. */
const LONGEST_NAME = 512;
const LONGEST_DESCRIPTION = 2048;

/** The role that a PUT asks for; throws 400 for what is missing or not permitted. */
export function readRole(request: ArmRequest): RoleDefinition {
  const name = request.params["name"] ?? "";
  if (!isGuid(name)) {
    const message = `The role definition ID '${name}' is not valid. The role definition ID must be a GUID.`;
    throw badRequest("InvalidRoleDefinitionId", message);
  }
  const sent = objectAt(request.body, "properties");
  const roleName = stringAt(sent, "roleName");
  const assignableScopes = stringsAt(sent, "assignableScopes") ?? [];
  const permissions = readPermissions(sent["permissions"]);
  if (roleName === undefined || roleName.trim() === "") throw invalid("The role name is missing.");
  if (assignableScopes.length === 0) throw invalid("At least one assignable scope is needed.");
  for (const scope of assignableScopes) requireAssignableScope(scope);
  if (roleName.length > LONGEST_NAME) throw invalid(`The role name exceeds ${LONGEST_NAME} characters.`);
  const description = stringAt(sent, "description") ?? "";
  if (description.length > LONGEST_DESCRIPTION) {
    throw invalid(`The description exceeds ${LONGEST_DESCRIPTION} characters.`);
  }
  if ((stringAt(sent, "type") ?? "CustomRole").toLowerCase() !== "customrole")
    throw invalid("Its type is not CustomRole.");
  if (assignableScopes.filter(isManagementGroup).length > 1) {
    throw invalid("Only one management group can be an assignable scope.");
  }
  const hasDataActions = permissions.some((permission) => permission.dataActions.length > 0);
  if (hasDataActions && assignableScopes.some(isManagementGroup)) {
    throw invalid("A custom role with data actions cannot be assigned at a management group.");
  }
  return {
    name,
    roleName,
    description,
    type: "CustomRole",
    permissions,
    assignableScopes,
    tenantId: request.caller.tenantId,
    changedAt: request.services.clock.now(),
  };
}

function readPermissions(sent: unknown): Permission[] {
  if (!Array.isArray(sent) || sent.length === 0) throw invalid("The permissions are missing.");
  return sent.map((each) => {
    if (!isObject(each)) throw invalid("A permission must be an object.");
    const permission: Permission = {
      actions: readActions(each, "actions"),
      notActions: readActions(each, "notActions"),
      dataActions: readActions(each, "dataActions"),
      notDataActions: readActions(each, "notDataActions"),
    };
    return permission;
  });
}

function isManagementGroup(scope: string): boolean {
  return /\/managementGroups\//i.test(scope);
}

function requireAssignableScope(scope: string): void {
  if (/^\/subscriptions\/[0-9a-f-]{36}(\/resourceGroups\/[^/]+(\/providers\/.+)?)?$/i.test(scope)) return;
  if (/^\/providers\/Microsoft\.Management\/managementGroups\/[^/]+$/i.test(scope)) return;
  throw badRequest(
    "LinkedInvalidPropertyId",
    `Property id '${scope}' at path 'properties.assignableScopes' is invalid.`,
  );
}

function invalid(reason: string) {
  return badRequest("RoleDefinitionInvalid", `The role definition is not valid. ${reason}`);
}
