/**
 * From the table of roles to what an administrator applies for one controller: role definitions and the controller's
 * assignments. Every name is computed, so that applying them again changes nothing.
 */

import type { RoleRow } from "../../azure/role-table.ts";
import { groupId } from "../../volume/formats/arm-ids.ts";
import { armGuid, roleAssignmentName } from "../../volume/names.ts";
import { assignmentCondition } from "./assignment-condition.ts";
import type { PolicyRow } from "./policy-table.ts";

/** For whom and where. Subscriptions and principals are GUIDs. */
export interface RoleTarget {
  readonly subscriptionId: string;
  /** Where the controller creates accounts. */
  readonly resourceGroups: readonly { readonly subscriptionId: string; readonly resourceGroup: string }[];
  /** Object id of the controller's service principal. */
  readonly principalId: string;
  /** What the ids of the roles are computed from; empty: as before there were prefixes. */
  readonly rolePrefix: string;
  /** Whole subscriptions or single resource groups that hold workload identities. */
  readonly identityScopes: readonly { readonly subscriptionId: string; readonly resourceGroup?: string }[];
  /** Roles of workloads: the controller may assign the first, and remove all of them. */
  readonly grantableRoleIds: readonly [string, ...string[]];
  /** Object ids that may get the role; empty: every service principal but the controller. */
  readonly grantablePrincipalIds: readonly string[];
  /** Further subscriptions in which the roles stay assignable: a PUT replaces the whole list. */
  readonly furtherSubscriptions: readonly string[];
}

/** One role of the controller at one scope. */
export interface PlannedAssignment {
  readonly role: RoleRow;
  /** GUID. */
  readonly name: string;
  /** ARM id of a subscription or resource group. */
  readonly scope: string;
  readonly principalId: string;
  readonly condition?: string;
}

/** A custom role, and the subscriptions in which it can be assigned. */
export interface PlannedRole {
  readonly role: RoleRow;
  readonly assignableScopes: readonly string[];
}

/** One policy at one resource group. */
export interface PlannedPolicy {
  readonly policy: PolicyRow;
  /** ARM id of the resource group. */
  readonly scope: string;
}

export interface RolePlan {
  readonly subscriptionId: string;
  readonly roles: readonly PlannedRole[];
  readonly assignments: readonly PlannedAssignment[];
  readonly policies: readonly PlannedPolicy[];
}

/** `/subscriptions/<id>`. */
export function subscriptionScope(subscriptionId: string): string {
  return `/subscriptions/${subscriptionId}`;
}

/** ARM id of a role definition; the same role exists in every subscription that it is assignable in. */
export function roleDefinitionId(subscriptionId: string, roleId: string): string {
  return `${subscriptionScope(subscriptionId)}/providers/Microsoft.Authorization/roleDefinitions/${roleId}`;
}

/** Definitions first: an assignment needs its role. */
export function planRoles(roles: readonly RoleRow[], target: RoleTarget, policies: readonly PolicyRow[]): RolePlan {
  const subscriptions = findSubscriptions(target);
  const groups = groupScopes(target);
  return {
    subscriptionId: target.subscriptionId,
    roles: roles.map((role) => ({ role, assignableScopes: subscriptions.map(subscriptionScope) })),
    assignments: roles.flatMap((role) => scopesOf(role, target).map((scope) => assign(role, scope, target))),
    policies: groups.flatMap((scope) => policies.map((policy) => ({ policy, scope }))),
  };
}

function assign(role: RoleRow, scope: string, target: RoleTarget): PlannedAssignment {
  const { principalId, grantableRoleIds: roleIds, grantablePrincipalIds: principalIds } = target;
  const name = assignmentName(scope, target, role);
  const condition = assignmentCondition({ roleIds, principalIds, controllerPrincipalId: principalId });
  return { role, name, scope, principalId, ...(role.isConditional === true && { condition }) };
}

/** By ARM's `guid()`, so that deploy/roles/azuredeploy.json gives the same name; without a prefix as earlier scripts did. */
function assignmentName(scope: string, { principalId, rolePrefix }: RoleTarget, { id }: RoleRow): string {
  if (rolePrefix === "") return roleAssignmentName(scope, principalId, id);
  return armGuid(scope.toLowerCase(), principalId.toLowerCase(), id);
}

function scopesOf({ assignedAt }: RoleRow, target: RoleTarget): readonly string[] {
  switch (assignedAt) {
    case "nowhere":
      return [];
    case "resource groups":
      return groupScopes(target);
    case "subscriptions":
      return unique(target.resourceGroups.map(({ subscriptionId }) => subscriptionScope(subscriptionId)));
    case "identity scopes":
      return identityScopes(target);
    case "resource groups and identity scopes":
      return outermost([...groupScopes(target), ...identityScopes(target)]);
  }
}

function groupScopes({ resourceGroups }: RoleTarget): readonly string[] {
  return unique(resourceGroups.map(groupId));
}

function identityScopes(target: RoleTarget): readonly string[] {
  return unique(
    target.identityScopes.map(({ subscriptionId, resourceGroup }) =>
      resourceGroup === undefined ? subscriptionScope(subscriptionId) : groupId({ subscriptionId, resourceGroup }),
    ),
  );
}

/** Without those that lie in another one: an assignment there counts for them too. */
function outermost(scopes: readonly string[]): readonly string[] {
  const isWithin = (scope: string, other: string) => scope.toLowerCase().startsWith(`${other.toLowerCase()}/`);
  return unique(scopes).filter((scope) => !scopes.some((other) => isWithin(scope, other)));
}

function findSubscriptions(target: RoleTarget): readonly string[] {
  const { subscriptionId, resourceGroups, identityScopes, furtherSubscriptions } = target;
  const named = [...resourceGroups, ...identityScopes].map((each) => each.subscriptionId);
  return unique([subscriptionId, ...named, ...furtherSubscriptions]);
}

/** ARM compares without case. */
function unique(texts: readonly string[]): string[] {
  return [...new Map(texts.toReversed().map((text) => [text.toLowerCase(), text])).values()].toReversed();
}
