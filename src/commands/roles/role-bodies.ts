/**
 * Roles in the shapes that Azure's tools take: bodies of REST calls (`az rest`, `--output json`) and the file of
 * `az role definition create`.
 */
import { subscriptionOf } from "../../volume/formats/arm-ids.ts";
import { type PlannedAssignment, type PlannedRole, type RolePlan, roleDefinitionId } from "./role-plan.ts";
import type { RoleAction } from "./role-table.ts";

/** REST reference: Authorization, Role Definitions and Role Assignments, Create Or Update. */
export const AUTHORIZATION_API_VERSION = "2022-04-01";

/** One call that applies a role definition or an assignment. */
export interface RoleRequest {
  /** What it creates, for the comment in the script. */
  readonly makes: string;
  readonly method: "PUT";
  readonly url: string;
  readonly body: { readonly properties: object };
}

/** All calls, in the order in which they must run. `armEndpoint` has no slash at the end. */
export function toRequests(plan: RolePlan, armEndpoint: string): RoleRequest[] {
  const put = (id: string, makes: string, properties: object): RoleRequest => ({
    makes,
    method: "PUT",
    url: `${armEndpoint}${encodeURI(id)}?api-version=${AUTHORIZATION_API_VERSION}`,
    body: { properties },
  });
  return [
    ...plan.roles.map((planned) =>
      put(
        roleDefinitionId(plan.subscriptionId, planned.role.id),
        `role ${planned.role.roleName}`,
        toDefinitionProperties(planned),
      ),
    ),
    ...plan.assignments.map((planned) =>
      put(
        `${planned.scope}/providers/Microsoft.Authorization/roleAssignments/${planned.name}`,
        `assignment of ${planned.role.roleName} at ${planned.scope}`,
        toAssignmentProperties(planned),
      ),
    ),
  ];
}

/** `properties` of a role definition, in a REST body and in an ARM template. */
export function toDefinitionProperties({ role, assignableScopes }: PlannedRole) {
  return {
    roleName: role.roleName,
    description: role.description,
    type: "CustomRole",
    permissions: [
      { actions: names(role.actions), notActions: [], dataActions: names(role.dataActions), notDataActions: [] },
    ],
    assignableScopes,
  };
}

/** `properties` of a role assignment. */
export function toAssignmentProperties({ role, scope, principalId, condition }: PlannedAssignment) {
  return {
    roleDefinitionId: roleDefinitionId(subscriptionOf(scope), role.id),
    principalId,
    // Without it ARM looks the principal up in Entra, where a new one may not have been replicated yet.
    principalType: "ServicePrincipal",
    description: `keyless-csi controller: ${role.description}`,
    ...(condition !== undefined && { condition, conditionVersion: "2.0" }),
  };
}

/**
 * The file of `az role definition create --role-definition`. That command gives the role a random GUID: the controller
 * must then be given that data role with `--role`.
 */
export function toCliDefinition({ role, assignableScopes }: PlannedRole) {
  return {
    Name: role.roleName,
    IsCustom: true,
    Description: role.description,
    Actions: names(role.actions),
    NotActions: [],
    DataActions: names(role.dataActions),
    NotDataActions: [],
    AssignableScopes: assignableScopes,
  };
}

function names(actions: readonly RoleAction[]): string[] {
  return actions.map(({ action }) => action);
}
