/**
 * Roles in the shapes that Azure's tools take: bodies of REST calls (`az rest`, `--output json`) and the file of
 * `az role definition create`.
 */

import type { RoleAction } from "../../azure/role-table.ts";
import { subscriptionOf } from "../../volume/formats/arm-ids.ts";
import type { PolicyRow } from "./policy-table.ts";
import {
  type PlannedAssignment,
  type PlannedPolicy,
  type PlannedRole,
  type RolePlan,
  roleDefinitionId,
} from "./role-plan.ts";

/** REST reference: Authorization, Role Definitions and Role Assignments, Create Or Update. */
export const AUTHORIZATION_API_VERSION = "2022-04-01";

/** REST reference: Policy Assignments, Create. */
export const POLICY_API_VERSION = "2022-06-01";

/** One call that applies a role definition, or an assignment of a role or of a policy. */
export interface RoleRequest {
  /** What it creates, for the comment in the script. */
  readonly makes: string;
  readonly method: "PUT";
  readonly url: string;
  readonly body: { readonly properties: object };
}

/** All calls, in the order in which they must run. `armEndpoint` has no slash at the end. */
export function toRequests(plan: RolePlan, armEndpoint: string): RoleRequest[] {
  const put = (id: string, makes: string, properties: object, version = AUTHORIZATION_API_VERSION): RoleRequest => ({
    makes,
    method: "PUT",
    url: `${armEndpoint}${encodeURI(id)}?api-version=${version}`,
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
    ...plan.policies.map(({ policy, scope }) =>
      put(
        `${scope}/providers/Microsoft.Authorization/policyAssignments/${policy.name}`,
        `policy assignment ${policy.name} at ${scope}: ${policy.description}`,
        toPolicyProperties(policy),
        POLICY_API_VERSION,
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

/** `properties` of a policy assignment. The definitions' own effect would only report. */
export function toPolicyProperties({ displayName, description, definitionId }: PolicyRow) {
  return {
    displayName,
    description,
    policyDefinitionId: `/providers/Microsoft.Authorization/policyDefinitions/${definitionId}`,
    parameters: DENY,
    enforcementMode: "Default",
  };
}

const DENY = { effect: { value: "Deny" } } as const;

/** The arguments of `az policy assignment create`, by their flags; `params` is a JSON text there. */
export function toCliPolicy({ policy, scope }: PlannedPolicy) {
  const { name, displayName, description, definitionId } = policy;
  return { name, "display-name": displayName, description, policy: definitionId, scope, params: DENY };
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
