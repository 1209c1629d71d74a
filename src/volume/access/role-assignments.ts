/**
 * The role assignments of this controller. Each is named after scope, principal and role, so that ours are known by their
 * names alone; all others are an administrator's and never touched.
 */
import { isSameText } from "../../text/without-case.ts";
import type { Dependencies } from "../dependencies.ts";
import { accountId } from "../formats/arm-ids.ts";
import { roleAssignmentName } from "../names.ts";
import type { FileSystemRef, RoleAssignment } from "../ports.ts";

/** The role assignment of this controller for scope, principal and role. */
export function ourRoleAssignment(
  scope: string,
  { principalId, roleId }: Pick<RoleAssignment, "principalId" | "roleId">,
): RoleAssignment {
  return { name: roleAssignmentName(scope, principalId, roleId), scope, roleId, principalId };
}

/** Whether the name follows from scope, principal and role, as only ours do. */
export function isOurRoleAssignment({ name, scope, principalId, roleId }: RoleAssignment): boolean {
  return name.toLowerCase() === roleAssignmentName(scope, principalId, roleId);
}

/** Whether both give the same principal the same role at the same scope. */
export function isSameRoleAssignment(a: RoleAssignment, b: RoleAssignment): boolean {
  return isSameText(a.scope, b.scope) && isSamePrincipal(a, b) && isSameText(a.roleId, b.roleId);
}

/** Whether both are for the same principal. */
export function isSamePrincipal(
  a: Pick<RoleAssignment, "principalId">,
  b: Pick<RoleAssignment, "principalId">,
): boolean {
  return isSameText(a.principalId, b.principalId);
}

/** Those at a file system and at its account. */
export interface OurRoleAssignments {
  readonly atFileSystem: readonly RoleAssignment[];
  readonly atAccount: readonly RoleAssignment[];
}

/** Ours, at the file system itself and at its account, as a list shows them: by one call. */
export async function listOurRoleAssignments(
  { ports, backend }: Dependencies,
  fileSystem: FileSystemRef,
): Promise<OurRoleAssignments> {
  const scope = backend.scopeOf(fileSystem);
  const listed = await ports.roleAssignments.listAtAndAbove(scope);
  return { atFileSystem: oursAt(listed, scope), atAccount: oursAt(listed, accountId(fileSystem.account)) };
}

function oursAt(listed: readonly RoleAssignment[], scope: string): RoleAssignment[] {
  const isAt = (assignment: RoleAssignment) => isSameText(assignment.scope, scope);
  return listed.filter((assignment) => isAt(assignment) && isOurRoleAssignment(assignment));
}

/** One by one: a failure leaves the rest for the next attempt. Answers those that existed. */
export async function removeRoleAssignments(
  { ports: { roleAssignments, observer } }: Pick<Dependencies, "ports">,
  assignments: readonly RoleAssignment[],
): Promise<RoleAssignment[]> {
  const removed: RoleAssignment[] = [];
  for (const assignment of assignments) {
    if (!(await roleAssignments.remove(assignment))) continue;
    removed.push(assignment);
    observer.roleAssignmentRemoved(assignment);
  }
  return removed;
}
