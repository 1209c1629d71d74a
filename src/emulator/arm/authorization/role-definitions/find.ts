/** Finds the role definition that a call names. */
import { coversScope } from "../../../authorization/scopes.ts";
import type { RoleDefinition } from "../../../world.ts";
import { ArmError, badRequest } from "../../front-door/errors.ts";
import { subscriptionOf } from "../../front-door/resource-ids.ts";
import type { ArmRequest } from "../../provider.ts";

/** The role with a GUID, as visible from the caller's tenant. */
export function findRole(request: ArmRequest, name: string): RoleDefinition | undefined {
  const role = request.services.world.roleDefinitions.get(name.toLowerCase());
  if (role === undefined || (role.tenantId !== undefined && role.tenantId !== request.caller.tenantId))
    return undefined;
  return role;
}

/** How often a role has been asked for while its replicas differ. */
const asked = new WeakMap<RoleDefinition, number>();

/** Whether the replica that answers has the role already: for some time after a PUT, every other one has not. */
export function isReplicated({ services }: ArmRequest, role: RoleDefinition): boolean {
  const { clock, settings } = services;
  if (role.changedAt === undefined || clock.now() >= role.changedAt + settings.roleDefinitionFlipMs) return true;
  const times = (asked.get(role) ?? 0) + 1;
  asked.set(role, times);
  return times % 2 === 0;
}

/** The same, or 404 RoleDefinitionDoesNotExist: also for a custom role that is not shown at the call's scope. */
export function requireRole(request: ArmRequest, name: string): RoleDefinition {
  const role = findRole(request, name);
  const scope = request.params["scope"] ?? "";
  if (role !== undefined && isAssignable(role, scope) && isReplicated(request, role)) return role;
  throw doesNotExist(name);
}

function doesNotExist(name: string): ArmError {
  const id = name.replaceAll("-", "").toUpperCase();
  const message = `The specified role definition with ID '${id}' does not exist.`;
  return new ArmError(404, "RoleDefinitionDoesNotExist", message);
}

/**
 * The role of a new assignment. Throws 400 for a custom role that may be assigned elsewhere only: at or below its assignable
 * scopes (Azure/ALZ-PowerShell-Module 144, terraform-provider-azurerm's retries).
 */
export function requireAssignableRole(request: ArmRequest, name: string): RoleDefinition {
  const role = findRole(request, name);
  const scope = request.params["scope"] ?? "";
  if (role === undefined || !isReplicated(request, role)) throw doesNotExist(name);
  if (role.assignableScopes.some((assignable) => coversScope(assignable, scope))) return role;
  throw badRequest(
    "RoleAssignmentScopeNotAssignableToRoleDefinition",
    `The role ${role.roleName} is not available for assignment at the requested scope.`,
  );
}

/** Whether a role is shown at a scope: at, below or above one of its assignable scopes. */
export function isAssignable(role: RoleDefinition, scope: string): boolean {
  return role.assignableScopes.some((assignable) => coversScope(assignable, scope) || coversScope(scope, assignable));
}

/** The id of a role definition as shown at a scope (Azure prefixes the scope's subscription). */
export function roleDefinitionId(scope: string, name: string): string {
  const subscriptionId = subscriptionOf(scope);
  const prefix = subscriptionId === undefined ? "" : `/subscriptions/${subscriptionId}`;
  return `${prefix}/providers/Microsoft.Authorization/roleDefinitions/${name}`;
}
