/**
 * Step "access" of CreateVolume: the role assignment that lets the workload's identity use the volume, at the file system,
 * or at the account where an account serves one namespace or one volume.
 */
import { withMembers } from "../../text/members.ts";
import type { Dependencies } from "../dependencies.ts";
import { isOfOtherRequest } from "../file-system-record.ts";
import { accountId } from "../formats/arm-ids.ts";
import { encodeDescription } from "../formats/role-assignment-description.ts";
import type { AdmittedIdentity } from "../identity/identity.ts";
import { metadataIn, type VolumePlan } from "../plan.ts";
import type { FileSystem, FileSystemRef, RoleAssignment } from "../ports.ts";
import { type AccountAssignments, createAccountAssignments } from "./account-assignments.ts";
import { createOwn, findOwn, useFound } from "./own-assignment.ts";
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
 * Binds the step: what is known of role assignments at accounts is shared by all volumes. It answers whether the role assignment
 * is new.
 */
export function createAccess(deps: Dependencies): (plan: VolumePlan, request: AccessRequest) => Promise<boolean> {
  const atAccounts = createAccountAssignments(deps);
  return (plan, request) => ensureAccess(deps, plan, request, atAccounts);
}

/**
 * Leaves one role assignment at the file system, or at the account that is for this volume alone, for the current identity:
 * those of earlier attempts are removed. The current identity's own of a former role is the last to go, so that it is never
 * without access.
 */
async function ensureAccess(
  deps: Dependencies,
  plan: VolumePlan,
  request: AccessRequest,
  atAccounts: AccountAssignments,
): Promise<boolean> {
  const { ports } = deps;
  const { fileSystem, identity, existing } = request;
  const description = describe(deps, plan);
  const metadata = existing && recordPrincipal(existing.metadata, identity.principalId);
  /** From then on the assignment can be found without a list. */
  const announce = async () => {
    if (metadata !== undefined && metadata !== existing?.metadata) await setMetadata(metadata);
  };
  const own = isForThisVolume(plan)
    ? await forThisVolume(deps, plan, request, { description, announce })
    : await atSharedAccount(atAccounts, request, { description, announce });
  const hasOthers = existing !== undefined || request.former.length > 0;
  const others = hasOthers ? await findOthers(deps, plan, request, own.assignment) : [];
  const isNew = others.length === 0 ? await own.ensure() : await ensureAlone(deps, own, others);
  if (isOfOtherRequest(plan, existing)) {
    await setMetadata(withMembers(metadata ?? {}, metadataIn(plan, fileSystem.account)));
  }
  return isNew;

  async function setMetadata(changed: FileSystem["metadata"]): Promise<void> {
    await ports.fileSystems.setMetadata(fileSystem, changed);
  }
}

async function ensureAlone(deps: Dependencies, own: Own, others: readonly RoleAssignment[]): Promise<boolean> {
  const isOwn = (other: RoleAssignment) => isSamePrincipal(other, own.assignment);
  await removeRoleAssignments(
    deps,
    others.filter((other) => !isOwn(other)),
  );
  const isNew = await own.ensure();
  await removeRoleAssignments(deps, others.filter(isOwn));
  return isNew;
}

/** The identity's role assignment, and how to make it exist. */
interface Own {
  readonly assignment: RoleAssignment;
  /** Whether it is new. */
  ensure(): Promise<boolean>;
}

interface Creation {
  readonly description: string;
  readonly announce: () => Promise<void>;
}

/**
 * Azure is asked each time: a check behind the answer could put back what a later attempt has removed for another identity.
 * At a file system that was just created nothing is looked for.
 */
async function forThisVolume(
  deps: Dependencies,
  plan: VolumePlan,
  { fileSystem, identity, existing }: AccessRequest,
  { description, announce }: Creation,
): Promise<Own> {
  const scope = isAtFileSystem(plan) ? deps.backend.scopeOf(fileSystem) : accountId(fileSystem.account);
  const asked = ourRoleAssignment(scope, identity);
  const isNew = isAtFileSystem(plan) && existing === undefined;
  const { assignment, found } = isNew ? { assignment: asked, found: undefined } : await findOwn(deps, asked);
  return {
    assignment,
    async ensure() {
      // At an account also what was found: a list may not show it yet.
      if (found === undefined || !isAtFileSystem(plan)) await announce();
      if (found === undefined) return await createOwn(deps, assignment, description);
      useFound(deps, { assignment, found }, "found");
      return false;
    },
  };
}

async function atSharedAccount(
  atAccounts: AccountAssignments,
  { fileSystem: { account }, identity }: AccessRequest,
  { description, announce }: Creation,
): Promise<Own> {
  const seen = await atAccounts.find(ourRoleAssignment(accountId(account), identity));
  return {
    assignment: seen.assignment,
    async ensure() {
      // Also where it is there: another volume may have had it created too short a while ago for a list.
      await announce();
      return await atAccounts.ensure(seen, { account, description });
    },
  };
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

function describe({ settings }: Dependencies, { request: { name, claim } }: VolumePlan): string {
  const { clusterId, clusterUid } = settings;
  return encodeDescription({ clusterId, clusterUid, volume: name, claim });
}
