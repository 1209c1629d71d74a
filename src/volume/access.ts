/**
 * Step "access" of CreateVolume: the role assignment that lets the workload's identity use the volume, at the file system,
 * or at the account where an account serves one namespace or one volume.
 */
import { DriverError } from "../errors.ts";
import type { VolumeClass } from "./class/volume-class.ts";
import type { Dependencies } from "./dependencies.ts";
import { isOfOtherRequest } from "./file-system-record.ts";
import { accountId } from "./formats/arm-ids.ts";
import { encodeDescription } from "./formats/role-assignment-description.ts";
import { roleAssignmentName } from "./names.ts";
import type { VolumePlan } from "./plan.ts";
import type { FileSystem, FileSystemRef, RoleAssignment, WorkloadIdentity } from "./ports.ts";
import { findOurRoleAssignments, isSameRoleAssignment, removeRoleAssignments } from "./role-assignments.ts";
import { clusterOf } from "./settings.ts";

/** The file system to open, the identity to open it for, and what was there before this attempt. */
export interface AccessRequest {
  readonly fileSystem: FileSystemRef;
  readonly identity: WorkloadIdentity;
  readonly existing: FileSystem | undefined;
}

/** Leaves one role assignment at the file system, for the current identity: those of earlier attempts are removed. */
export async function ensureAccess(
  deps: Dependencies,
  plan: VolumePlan,
  { fileSystem, identity, existing }: AccessRequest,
): Promise<void> {
  const { ports } = deps;
  const { grantScope, identity: mode } = plan.volumeClass;
  const assignment = roleAssignmentFor(deps, plan.volumeClass, { fileSystem, identity });
  const isAtFileSystem = grantScope !== "account";
  const hasOtherRequest = isOfOtherRequest(plan, existing);
  if (existing !== undefined && isAtFileSystem && (mode === "serviceAccount" || hasOtherRequest)) {
    await removeOthers(deps, fileSystem, assignment);
  }
  const isNewScope = existing === undefined && isAtFileSystem;
  await ensureRoleAssignment(deps, assignment, { isNewScope, description: describe(deps, plan) });
  if (hasOtherRequest) await ports.fileSystems.setMetadata(fileSystem, { ...existing?.metadata, ...plan.metadata });
}

/** The role assignment of a volume; the same on every retry. */
function roleAssignmentFor(
  { settings, backend }: Dependencies,
  { grantScope }: VolumeClass,
  { fileSystem, identity }: Pick<AccessRequest, "fileSystem" | "identity">,
): RoleAssignment {
  const scope = grantScope === "account" ? accountId(fileSystem.account) : backend.scopeOf(fileSystem);
  const { principalId } = identity;
  const { roleId } = settings;
  return { name: roleAssignmentName(scope, principalId, roleId), scope, roleId, principalId };
}

/**
 * Creates the assignment unless it exists. `isNewScope` saves the read before the write. Throws Internal when an assignment
 * of that name states something else: nothing is deleted then, since it is not what this controller creates.
 */
async function ensureRoleAssignment(
  { ports }: Dependencies,
  assignment: RoleAssignment,
  options: { readonly isNewScope: boolean; readonly description: string },
): Promise<void> {
  const { roleAssignments, observer } = ports;
  const existing = options.isNewScope ? undefined : await roleAssignments.find(assignment.scope, assignment.name);
  if (existing === undefined) {
    observer.roleAssignmentCreated(assignment, await roleAssignments.create(assignment, options.description));
    return;
  }
  if (!isSameRoleAssignment(existing, assignment)) {
    throw new DriverError(
      "Internal",
      `role assignment ${assignment.name} at ${assignment.scope} names principal ${existing.principalId} and role ${existing.roleId}, ` +
        `not ${assignment.principalId} and ${assignment.roleId}: somebody else holds our computed name; remove it by hand`,
    );
  }
  observer.roleAssignmentCreated(assignment, "found");
}

/** Removes what an earlier attempt assigned at the file system to another identity: the ServiceAccount was changed since. */
async function removeOthers(deps: Dependencies, fileSystem: FileSystemRef, current: RoleAssignment): Promise<void> {
  const { atFileSystem } = await findOurRoleAssignments(deps, fileSystem);
  await removeRoleAssignments(
    deps.ports,
    atFileSystem.filter((other) => !isSameRoleAssignment(other, current)),
  );
}

function describe({ settings }: Dependencies, { request: { name, claim } }: VolumePlan): string {
  return encodeDescription({ ...clusterOf(settings), volume: name, ...(claim && { claim }) });
}
