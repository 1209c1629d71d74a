/** Role definitions: built-in and custom ones, at any scope. */
import { coversScope } from "../../../authorization/scopes.ts";
import type { Reply } from "../../../http/call.ts";
import type { RoleDefinition } from "../../../world.ts";
import { ArmError, badRequest, conflict } from "../../front-door/errors.ts";
import { pageReply } from "../../front-door/paging.ts";
import { queryValue } from "../../front-door/route-table.ts";
import { type ArmRequest, type Route, routesOf } from "../../provider.ts";
import { findRole, isAssignable, isReplicated, requireRole, roleDefinitionId } from "./find.ts";
import { readRole } from "./rules.ts";

const TYPE = "Microsoft.Authorization/roleDefinitions";
const ALL = "{scope}/providers/Microsoft.Authorization/roleDefinitions";
const ITEM = `${ALL}/{name}`;

/** REST: Role Definitions - List, Get, Create Or Update, Delete. */
export const roleDefinitionRoutes: readonly Route<typeof TYPE>[] = routesOf(TYPE, [
  ["GET", ALL, "read", "roleDefinitions/list", listRoles],
  ["GET", ITEM, "read", "roleDefinitions/get", getRole],
  ["PUT", ITEM, "write", "roleDefinitions/create", putRole, "roleDefinition"],
  ["DELETE", ITEM, "delete", "roleDefinitions/delete", deleteRole],
]);

function getRole(request: ArmRequest): Reply {
  return { status: 200, body: roleView(request, requireRole(request, request.params["name"] ?? "")) };
}

/** Roles that can be assigned at the scope; `atScopeAndBelow()`, `roleName eq` and `type eq` filter. */
function listRoles(request: ArmRequest): Reply {
  const scope = request.params["scope"] ?? "";
  const wanted = readFilter(queryValue(request.call, "$filter"));
  const roles = [...request.services.world.roleDefinitions.values()].filter(
    (role) =>
      findRole(request, role.name) !== undefined &&
      isAssignable(role, scope) &&
      wanted(role) &&
      isReplicated(request, role),
  );
  return pageReply(
    request,
    roles.map((role) => ({ key: role.name.toLowerCase(), view: roleView(request, role) })),
  );
}

function readFilter(filter: string | undefined): (role: RoleDefinition) => boolean {
  const tests = (filter ?? "")
    .split(/\s+and\s+/i)
    .map((clause) => clause.trim())
    .filter((clause) => clause !== "" && !/^atScope(AndBelow)?\(\)$/i.test(clause))
    .map((clause) => readClause(clause));
  return (role) => tests.every((test) => test(role));
}

function readClause(clause: string): (role: RoleDefinition) => boolean {
  const match = /^(roleName|type)\s+eq\s+'((?:[^']|'')*)'$/i.exec(clause);
  if (match === null) throw badRequest("UnsupportedQuery", `The filter '${clause}' is not supported.`);
  const wanted = (match[2] ?? "").replaceAll("''", "'").toLowerCase();
  if (match[1]?.toLowerCase() === "rolename") return (role) => role.roleName.toLowerCase() === wanted;
  return (role) => role.type.toLowerCase() === wanted;
}

/** 201, also for an update, as Azure answers. Built-in roles cannot be changed. */
function putRole(request: ArmRequest): Reply {
  const role = readRole(request);
  const { roleDefinitions } = request.services.world;
  const existing = roleDefinitions.get(role.name.toLowerCase());
  if (existing?.type === "BuiltInRole")
    throw badRequest("RoleDefinitionBuiltInUpdateNotPermitted", "Built-in roles cannot be updated.");
  // "Who can create, delete, update, or view a custom role": the right on all of its assignable scopes, old and new.
  requireLinkedScopes(request, "write", [...role.assignableScopes, ...(existing?.assignableScopes ?? [])]);
  if (existing !== undefined) requireUnused(request, existing, role.assignableScopes);
  for (const other of roleDefinitions.values()) {
    if (other.name.toLowerCase() === role.name.toLowerCase() || findRole(request, other.name) === undefined) continue;
    if (other.roleName.toLowerCase() !== role.roleName.toLowerCase()) continue;
    const message = `A custom role with the name '${role.roleName}' already exists in this directory. Use a different name.`;
    throw conflict("RoleDefinitionWithSameNameExists", message);
  }
  if (existing === undefined) requireRoom(roleDefinitions.values());
  roleDefinitions.set(role.name.toLowerCase(), role);
  return { status: 201, body: roleView(request, role) };
}

/** Azure RBAC limits: custom roles in a directory. */
function requireRoom(roles: Iterable<RoleDefinition>): void {
  if ([...roles].filter(({ type }) => type === "CustomRole").length < 5000) return;
  throw badRequest(
    "RoleDefinitionLimitExceeded",
    "Role definition limit exceeded. No more role definitions can be created.",
  );
}

/** Changing a role needs the right on all of its assignable scopes, not only on the one in the URI. */
function requireLinkedScopes(
  { services, caller, path }: ArmRequest,
  verb: "write" | "delete",
  scopes: readonly string[],
): void {
  const action = `${TYPE}/${verb}`;
  const isAllowed = (scope: string) => services.authorization.allowsAction(caller.principalId, action, scope);
  const refused = [...new Set(scopes)].filter((scope) => !isAllowed(scope));
  if (refused.length === 0) return;
  throw new ArmError(
    403,
    "LinkedAuthorizationFailed",
    `The client '${caller.clientId}' with object id '${caller.principalId}' has permission to perform action '${action}' ` +
      `on scope '${path}'; however, it does not have permission to perform action '${action}' on the linked scope(s) ` +
      `'${refused.join(",")}' or the linked scope(s) are invalid.`,
  );
}

/** A scope is not removed from a role while the role is assigned there (Azure/bicep 17145). */
function requireUnused({ services }: ArmRequest, role: RoleDefinition, left: readonly string[]): void {
  for (const { scope, roleDefinitionName, effectiveUntil } of services.world.roleAssignments.values()) {
    if (effectiveUntil !== undefined || roleDefinitionName.toLowerCase() !== role.name.toLowerCase()) continue;
    if (left.some((each) => coversScope(each, scope))) continue;
    const removed = role.assignableScopes.find((each) => coversScope(each, scope));
    if (removed === undefined) continue;
    throw badRequest(
      "RoleScopeBeingRemovedContainsAssignments",
      `Role assignments found under scope '${removed}' which is being removed. Removing this scope from the role will orphan ` +
        "these assignments. Delete these assignments before removing the scope.",
    );
  }
}

/** 204 when there is none, 400 while it is assigned somewhere. */
function deleteRole(request: ArmRequest): Reply {
  const role = findRole(request, request.params["name"] ?? "");
  if (role === undefined) return { status: 204 };
  if (role.type === "BuiltInRole")
    throw badRequest("RoleDefinitionBuiltInUpdateNotPermitted", "Built-in roles cannot be deleted.");
  requireLinkedScopes(request, "delete", role.assignableScopes);
  const { roleAssignments, roleDefinitions } = request.services.world;
  for (const each of roleAssignments.values()) {
    if (each.effectiveUntil !== undefined || each.roleDefinitionName.toLowerCase() !== role.name.toLowerCase())
      continue;
    throw badRequest(
      "RoleDefinitionHasAssignments",
      "There are existing role assignments referencing role (code: RoleDefinitionHasAssignments).",
    );
  }
  roleDefinitions.delete(role.name.toLowerCase());
  return { status: 200, body: roleView(request, role) };
}

function roleView(request: ArmRequest, role: RoleDefinition): object {
  return {
    id: roleDefinitionId(request.params["scope"] ?? "", role.name),
    name: role.name,
    type: TYPE,
    properties: {
      roleName: role.roleName,
      type: role.type,
      description: role.description,
      assignableScopes: role.assignableScopes,
      permissions: role.permissions,
    },
  };
}
