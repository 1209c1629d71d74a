/**
 * Step "access" of CreateVolume: the role assignment that lets the workload's identity use the volume, at the file system,
 * or at the account where an account serves one namespace or one volume.
 */
import { DriverError } from "../../errors.ts";
import { withMembers } from "../../text/members.ts";
import type { VolumeClass } from "../class/volume-class.ts";
import type { Dependencies } from "../dependencies.ts";
import { isOfOtherRequest } from "../file-system-record.ts";
import { accountId } from "../formats/arm-ids.ts";
import { encodeDescription } from "../formats/role-assignment-description.ts";
import type { AdmittedIdentity } from "../identity/identity.ts";
import { metadataIn, type VolumePlan } from "../plan.ts";
import type { FileSystem, FileSystemRef, RoleAssignment } from "../ports.ts";
import { clusterOf } from "../settings.ts";
import { findOthersAt, recordPrincipal } from "./recorded-principals.ts";
import { isSamePrincipal, isSameRoleAssignment, ourRoleAssignment, removeRoleAssignments } from "./role-assignments.ts";

/** The file system to open, the identity to open it for, and what was there before this attempt. */
export interface AccessRequest {
  readonly fileSystem: FileSystemRef;
  readonly identity: AdmittedIdentity;
  readonly existing: FileSystem | undefined;
  /** At a file system of this name in an account that was deleted. */
  readonly former: readonly RoleAssignment[];
}

/**
 * Leaves one role assignment at the file system, or at the account that is for this volume alone, for the current identity:
 * those of earlier attempts are removed. The current identity's own of a former role is the last to go, so that it is never
 * without access.
 */
export async function ensureAccess(deps: Dependencies, plan: VolumePlan, request: AccessRequest): Promise<void> {
  const { ports } = deps;
  const { fileSystem, identity, existing } = request;
  const { assignment, found } = await findOwn(deps, plan, request);
  const metadata = existing && recordPrincipal(existing.metadata, identity.principalId);
  const others = await findOthers(deps, plan, request, assignment);
  const isOwn = (other: RoleAssignment) => isSamePrincipal(other, assignment);
  await removeRoleAssignments(
    deps,
    others.filter((other) => !isOwn(other)),
  );
  await ensureRoleAssignment(deps, assignment, {
    found,
    description: describe(deps, plan),
    announce: async () => {
      if (metadata !== undefined && metadata !== existing?.metadata) await setMetadata(metadata);
    },
  });
  await removeRoleAssignments(deps, others.filter(isOwn));
  if (isOfOtherRequest(plan, existing)) {
    await setMetadata(withMembers(metadata ?? {}, metadataIn(plan, fileSystem.account)));
  }

  async function setMetadata(changed: FileSystem["metadata"]): Promise<void> {
    await ports.fileSystems.setMetadata(fileSystem, changed);
  }
}

function isAtFileSystem({ volumeClass }: VolumePlan): boolean {
  return volumeClass.grantScope !== "account";
}

/** At an account that a namespace's volumes share, another identity may be another volume's. */
function isForThisVolume({ volumeClass }: VolumePlan): boolean {
  return volumeClass.grantScope !== "account" || volumeClass.isolation === "volume";
}

/** What earlier attempts, and a former account, have left beside `assignment` for the same volume. */
async function findOthers(
  deps: Dependencies,
  plan: VolumePlan,
  { existing, former }: AccessRequest,
  assignment: RoleAssignment,
): Promise<RoleAssignment[]> {
  const mayDiffer = plan.volumeClass.identity === "serviceAccount" || isOfOtherRequest(plan, existing);
  const earlier =
    existing !== undefined && isForThisVolume(plan) && mayDiffer ? await findOthersAt(deps, existing, assignment) : [];
  return [...earlier, ...former.filter((other) => !isSameRoleAssignment(other, assignment))];
}

/** The role assignment of a volume; the same on every retry. */
function roleAssignmentFor(
  { backend }: Dependencies,
  { grantScope }: VolumeClass,
  { fileSystem, identity }: Pick<AccessRequest, "fileSystem" | "identity">,
): RoleAssignment {
  const scope = grantScope === "account" ? accountId(fileSystem.account) : backend.scopeOf(fileSystem);
  return ourRoleAssignment(scope, identity);
}

/**
 * The identity's role assignment, and what is there under its name. A volume that is open by the role of earlier releases
 * stays so: an upgrade adds no second assignment. At a scope that was just created nothing is looked for.
 */
async function findOwn(
  deps: Dependencies,
  plan: VolumePlan,
  request: AccessRequest,
): Promise<{ readonly assignment: RoleAssignment; readonly found: RoleAssignment | undefined }> {
  const assignment = roleAssignmentFor(deps, plan.volumeClass, request);
  if (request.existing === undefined && isAtFileSystem(plan)) return { assignment, found: undefined };
  const { roleAssignments } = deps.ports;
  const found = await roleAssignments.find(assignment.scope, assignment.name);
  const { earlierRoleId } = deps.settings;
  if (found !== undefined || earlierRoleId === undefined || assignment.roleId === earlierRoleId)
    return { assignment, found };
  const earlier = ourRoleAssignment(assignment.scope, { ...assignment, roleId: earlierRoleId });
  const open = await roleAssignments.find(earlier.scope, earlier.name);
  return open !== undefined && isSameRoleAssignment(open, earlier)
    ? { assignment: earlier, found: open }
    : { assignment, found };
}

/**
 * Creates the assignment unless one was found under its name. Throws Internal when that one states something else: nothing is
 * deleted then, since it is not what this controller creates.
 */
async function ensureRoleAssignment(
  { ports }: Dependencies,
  assignment: RoleAssignment,
  options: {
    readonly found: RoleAssignment | undefined;
    readonly description: string;
    /** Awaited before it is created: from then on it can be found without a list. */
    announce(): Promise<void>;
  },
): Promise<void> {
  const { roleAssignments, observer } = ports;
  const { found: existing } = options;
  if (existing === undefined) {
    await options.announce();
    observer.roleAssignmentCreated(assignment, await roleAssignments.create(assignment, options.description));
    return;
  }
  if (!isSameRoleAssignment(existing, assignment)) {
    throw new DriverError(
      "Internal",
      `role assignment ${assignment.name} at ${assignment.scope} names principal ${existing.principalId} and role ${existing.roleId}, ` +
        `not ${assignment.principalId} and ${assignment.roleId}: somebody else holds our computed name; find out who made it, and what for`,
    );
  }
  observer.roleAssignmentCreated(assignment, "found");
}

function describe({ settings }: Dependencies, { request: { name, claim } }: VolumePlan): string {
  return encodeDescription({ ...clusterOf(settings), volume: name, ...(claim && { claim }) });
}
