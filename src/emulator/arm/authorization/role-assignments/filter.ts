/** `$filter` of role assignment lists (Role Assignments - List For Scope). */
import { coversScope } from "../../../authorization/scopes.ts";
import type { RoleAssignment } from "../../../world.ts";
import { badRequest } from "../../front-door/errors.ts";

type Test = (assignment: RoleAssignment) => boolean;

/**
 * A test for the assignments that a list at `scope` shows: at, above and below it; with `atScope()` at and above it;
 * with `principalId eq` or `assignedTo()` those of one principal. Throws 400 for any other filter.
 */
export function readAssignmentFilter(filter: string | undefined, scope: string): Test {
  const tests: Test[] = [];
  let atScope = false;
  for (const clause of (filter ?? "").split(/\s+and\s+/i).map((each) => each.trim())) {
    if (clause === "") continue;
    if (/^atScope\(\)$/i.test(clause)) atScope = true;
    else tests.push(readClause(clause, filter ?? ""));
  }
  const isNear: Test = (each) => coversScope(each.scope, scope) || (!atScope && coversScope(scope, each.scope));
  return (assignment) => isNear(assignment) && tests.every((test) => test(assignment));
}

function readClause(clause: string, filter: string): Test {
  const principal =
    /^principalId\s+eq\s+'?([0-9a-f-]{36})'?$/i.exec(clause)?.[1] ??
    /^assignedTo\(\s*'([0-9a-f-]{36})'\s*\)$/i.exec(clause)?.[1];
  if (principal !== undefined) return (each) => each.principalId.toLowerCase() === principal.toLowerCase();
  const role = /^roleDefinitionId\s+eq\s+'([^']+)'$/i.exec(clause)?.[1];
  if (role !== undefined) return (each) => role.toLowerCase().endsWith(each.roleDefinitionName.toLowerCase());
  throw badRequest(
    "UnsupportedQuery",
    `The filter '${filter}' is not supported. Supported filters are either 'atScope()' or 'principalId eq '{value}' ` +
      "or assignedTo('{value}')'.",
  );
}
