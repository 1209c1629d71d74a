/**
 * The condition under which the controller may assign and unassign roles, so that a stolen controller token cannot raise
 * itself or others: only the workloads' roles, only for service principals, never for the controller itself.
 */

const ASSIGNMENTS = "Microsoft.Authorization/roleAssignments";

/** What the condition allows. All are GUIDs. */
export interface GrantLimits {
  /** Role definitions that may be assigned. */
  readonly roleIds: readonly string[];
  /** Object id of the controller, which is left out. */
  readonly controllerPrincipalId: string;
}

/**
 * Version 2.0 of Azure's conditions ("Delegate Azure role assignment management to others", examples): on write the
 * request is looked at, on delete the assignment that is there. At most 8 KB, which is some 60 roles.
 */
export function grantCondition(limits: GrantLimits): string {
  return `${rule("write", "@Request", limits)} AND ${rule("delete", "@Resource", limits)}`;
}

function rule(verb: "write" | "delete", source: "@Request" | "@Resource", limits: GrantLimits): string {
  const { roleIds, controllerPrincipalId } = limits;
  const allowed = [
    `${source}[${ASSIGNMENTS}:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {${roleIds.join(", ")}}`,
    `${source}[${ASSIGNMENTS}:PrincipalType] ForAnyOfAnyValues:StringEqualsIgnoreCase {'ServicePrincipal'}`,
    `${source}[${ASSIGNMENTS}:PrincipalId] ForAnyOfAllValues:GuidNotEquals {${controllerPrincipalId}}`,
  ];
  return `((!(ActionMatches{'${ASSIGNMENTS}/${verb}'})) OR (${allowed.join(" AND ")}))`;
}
