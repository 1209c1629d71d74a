/** The role assignment of one identity at one scope: what is there of it, and how it comes to be there. */
import { DriverError } from "../../errors.ts";
import type { Dependencies } from "../dependencies.ts";
import type { RoleAssignment } from "../ports.ts";
import { isSameRoleAssignment, ourRoleAssignment } from "./role-assignments.ts";

/** What ARM has under the assignment's name. */
export interface OwnAssignment {
  readonly assignment: RoleAssignment;
  readonly found: RoleAssignment | undefined;
}

/** It, and the same of the role of earlier releases, while that is another: a volume that is open by it stays so. */
export function inRolesOf({ settings: { earlierRoleId } }: Dependencies, asked: RoleAssignment): RoleAssignment[] {
  if (earlierRoleId === undefined || asked.roleId === earlierRoleId) return [asked];
  return [asked, ourRoleAssignment(asked.scope, { ...asked, roleId: earlierRoleId })];
}

/** Asks ARM. An upgrade adds no second assignment. */
export async function findOwn(deps: Dependencies, asked: RoleAssignment): Promise<OwnAssignment> {
  const { roleAssignments } = deps.ports;
  const found = await roleAssignments.find(asked.scope, asked.name);
  const [, earlier] = inRolesOf(deps, asked);
  if (found !== undefined || earlier === undefined) return { assignment: asked, found };
  const open = await roleAssignments.find(earlier.scope, earlier.name);
  return open !== undefined && isSameRoleAssignment(open, earlier)
    ? { assignment: earlier, found: open }
    : { assignment: asked, found };
}

/** Creates what was not found. Answers whether it is new: Azure then takes minutes until it lets anybody in. */
export async function createOwn(
  { ports: { roleAssignments, observer } }: Dependencies,
  assignment: RoleAssignment,
  description: string,
): Promise<boolean> {
  const how = await roleAssignments.create(assignment, description);
  observer.roleAssignmentCreated(assignment, how);
  return how === "created";
}

/** Relies on what was found under its name. Throws as `assertSame` does. */
export function useFound(
  { ports: { observer } }: Dependencies,
  { assignment, found }: { readonly assignment: RoleAssignment; readonly found: RoleAssignment },
  how: "found" | "remembered",
): void {
  assertSame(found, assignment);
  observer.roleAssignmentCreated(assignment, how);
}

/** Throws Internal when it states something else: nothing is deleted then, since it is not what this controller creates. */
export function assertSame(found: RoleAssignment, assignment: RoleAssignment): void {
  if (isSameRoleAssignment(found, assignment)) return;
  throw new DriverError(
    "Internal",
    `role assignment ${assignment.name} at ${assignment.scope} names principal ${found.principalId} and role ${found.roleId}, ` +
      `not ${assignment.principalId} and ${assignment.roleId}: somebody else holds our computed name; find out who made it, and what for`,
  );
}
