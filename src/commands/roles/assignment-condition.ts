/**
 * The condition under which the controller may create and remove role assignments, so that a stolen controller token cannot
 * escalate: only the workloads' roles, only for service principals, never for the controller itself.
 */

const ASSIGNMENTS = "Microsoft.Authorization/roleAssignments";

/** What the condition allows. All are GUIDs. */
export interface AssignmentLimits {
  /** Role definitions that may be assigned. */
  readonly roleIds: readonly string[];
  /** Object id of the controller, which may get no role. */
  readonly controllerPrincipalId: string;
}

/**
 * Version 2.0 of Azure's conditions ("Delegate Azure role assignment management to others", examples): a write is
 * checked by its request, a delete by the existing assignment. At most 8 KB, which is some 60 roles.
 */
export function assignmentCondition(limits: AssignmentLimits): string {
  return `${rule("write", "@Request", limits)} AND ${rule("delete", "@Resource", limits)}`;
}

function rule(verb: "write" | "delete", source: "@Request" | "@Resource", limits: AssignmentLimits): string {
  const { roleIds, controllerPrincipalId } = limits;
  const allowed = [
    `${source}[${ASSIGNMENTS}:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {${roleIds.join(", ")}}`,
    `${source}[${ASSIGNMENTS}:PrincipalType] ForAnyOfAnyValues:StringEqualsIgnoreCase {'ServicePrincipal'}`,
    `${source}[${ASSIGNMENTS}:PrincipalId] ForAnyOfAllValues:GuidNotEquals {${controllerPrincipalId}}`,
  ];
  return `((!(ActionMatches{'${ASSIGNMENTS}/${verb}'})) OR (${allowed.join(" AND ")}))`;
}
