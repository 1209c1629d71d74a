/**
 * Whether an identity may open the file system of a static volume, and the role assignment that lets it. Its name is computed as
 * for every volume: at a file system of this controller DeleteVolume finds it by a list, and by that name from the metadata.
 */
import { createOwn, findOwn } from "../access/own-assignment.ts";
import { recordPrincipal } from "../access/recorded-principals.ts";
import {
  isOurRoleAssignment,
  isSamePrincipal,
  isSameRoleAssignment,
  ourRoleAssignment,
} from "../access/role-assignments.ts";
import type { Dependencies } from "../dependencies.ts";
import { encodeDescription } from "../formats/role-assignment-description.ts";
import { ensureRole } from "../identity/role.ts";
import type { ClaimRef, FileSystem, RoleAssignment, WorkloadIdentity } from "../ports.ts";
import { clusterOf } from "../settings.ts";
import type { Finding } from "./finding.ts";

/** The role assignment to make; undefined where the identity has access. Throws Misconfigured without a role to assign. */
export async function findMissingAssignment(
  deps: Dependencies,
  { ref }: FileSystem,
  { principalId }: WorkloadIdentity,
  findings: Finding[],
): Promise<RoleAssignment | undefined> {
  const scope = deps.backend.scopeOf(ref);
  const asked = ourRoleAssignment(scope, { principalId, roleId: await ensureRole(deps, ref.account) });
  const { assignment, found } = await findOwn(deps, asked);
  const held = found ?? (await findHeld(deps, assignment));
  if (held === undefined) return assignment;
  const maker = isOurRoleAssignment(held)
    ? "of this controller's name"
    : "made by others: what is deleted by this controller leaves it";
  findings.push({ state: "ok", text: `the identity has access: role ${held.roleId} at ${held.scope}, ${maker}` });
  return undefined;
}

/** By a role that reads and writes, at the file system or above it. What a group of the identity holds is not seen. */
async function findHeld(
  { ports, settings, backend }: Dependencies,
  assignment: RoleAssignment,
): Promise<RoleAssignment | undefined> {
  const { roleId, earlierRoleId, formerRoleIds } = settings;
  const roles = [roleId, earlierRoleId, ...formerRoleIds, ...backend.builtInDataRoleIds];
  const listed = await ports.roleAssignments.listAtAndAbove(assignment.scope);
  const held = listed.filter((each) => isSamePrincipal(each, assignment) && roles.includes(each.roleId.toLowerCase()));
  return held.find((each) => isSameRoleAssignment(each, assignment)) ?? held[0];
}

/** What makes the assignment, for an administrator: the same one that `assign` makes. */
export function toAssignCommand({ name, principalId, roleId, scope }: RoleAssignment): readonly string[] {
  return [
    `az role assignment create --name ${name}`,
    `--assignee-object-id ${principalId}`,
    "--assignee-principal-type ServicePrincipal",
    `--role ${roleId}`,
    `--scope ${scope}`,
  ];
}

/** For whom, and in whose metadata the principal is written first: absent where the file system is others'. */
export interface AssignedFor {
  readonly volume: string;
  readonly claim: ClaimRef;
  readonly recordedIn: FileSystem | undefined;
}

/** Makes it. `"adopted"` as of the port: the same exists under a name of others. */
export async function assign(
  deps: Dependencies,
  assignment: RoleAssignment,
  { volume, claim, recordedIn }: AssignedFor,
): Promise<void> {
  if (recordedIn !== undefined) {
    const metadata = recordPrincipal(recordedIn.metadata, assignment.principalId);
    if (metadata !== recordedIn.metadata) await deps.ports.fileSystems.setMetadata(recordedIn.ref, metadata);
  }
  await createOwn(deps, assignment, encodeDescription({ ...clusterOf(deps.settings), volume, claim }));
}
