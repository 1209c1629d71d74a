/**
 * The condition under which the controller may create and remove role assignments, so that a stolen controller token cannot
 * escalate: only the workloads' roles, only for service principals, never for the controller itself.
 */

const ASSIGNMENTS = "Microsoft.Authorization/roleAssignments";

/** What the condition allows. All are GUIDs. */
export interface AssignmentLimits {
  /** Role definitions: the first may be assigned, and all of them may be removed. */
  readonly roleIds: readonly [string, ...string[]];
  /** Object id of the controller, which may get no role. */
  readonly controllerPrincipalId: string;
  /** Object ids that may get the role; empty: every service principal but the controller. */
  readonly principalIds: readonly string[];
}

/** "8 KB" (RBAC "troubleshoot-limits"), in the smaller of its two readings. */
export const LONGEST_CONDITION_BYTES = 8_000;

/**
 * Version 2.0 of Azure's conditions ("Delegate Azure role assignment management to others", examples): a write is checked by
 * its request, a delete by the existing assignment. A role that is no longer assigned can still be removed from old volumes.
 */
export function assignmentCondition(limits: AssignmentLimits): string {
  const [assigned] = limits.roleIds;
  const write = rule("write", "@Request", { ...limits, roleIds: [assigned] });
  return `${write} AND ${rule("delete", "@Resource", limits)}`;
}

/** How many principals the condition has room for, with these roles. */
export function roomForPrincipals(limits: Omit<AssignmentLimits, "principalIds">): number {
  const lengthWith = (principalIds: readonly string[]) => assignmentCondition({ ...limits, principalIds }).length;
  const id = limits.controllerPrincipalId;
  const [one, two] = [lengthWith([id]), lengthWith([id, id])];
  return Math.max(0, 1 + Math.floor((LONGEST_CONDITION_BYTES - one) / (two - one)));
}

function rule(verb: "write" | "delete", source: "@Request" | "@Resource", limits: AssignmentLimits): string {
  const { roleIds, controllerPrincipalId, principalIds } = limits;
  const principal = `${source}[${ASSIGNMENTS}:PrincipalId]`;
  const allowed = [
    `${source}[${ASSIGNMENTS}:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {${roleIds.join(", ")}}`,
    `${source}[${ASSIGNMENTS}:PrincipalType] ForAnyOfAnyValues:StringEqualsIgnoreCase {'ServicePrincipal'}`,
    `${principal} ForAnyOfAllValues:GuidNotEquals {${controllerPrincipalId}}`,
    ...(principalIds.length === 0 ? [] : [`${principal} ForAnyOfAnyValues:GuidEquals {${principalIds.join(", ")}}`]),
  ];
  return `((!(ActionMatches{'${ASSIGNMENTS}/${verb}'})) OR (${allowed.join(" AND ")}))`;
}
