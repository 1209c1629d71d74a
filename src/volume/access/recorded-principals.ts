/**
 * The principals that a file system's metadata names: it was, or was about to be, opened for them. They are written before
 * the role assignment, because Azure's lists may lag behind it (azure.md 8): what a list does not show yet is found by the
 * name that follows from scope, principal and role. A workload with a built-in role can write them, so a name that follows
 * from them is only ever removed, and only at the file system's own scopes.
 */
import { allInOrder } from "../../concurrency/all-in-order.ts";
import type { Dependencies } from "../dependencies.ts";
import { decodeAccountTags } from "../formats/account-tags.ts";
import { accountId } from "../formats/arm-ids.ts";
import { decodeMetadata, principalIdsIn, withPrincipals } from "../formats/file-system-metadata.ts";
import type { Account, FileSystem, FileSystemRef, ResourceGroupRef, RoleAssignment } from "../ports.ts";
import {
  isSamePrincipal,
  isSameRoleAssignment,
  listOurRoleAssignments,
  type OurRoleAssignments,
  ourRoleAssignment,
} from "./role-assignments.ts";

type Metadata = FileSystem["metadata"];

/** The same metadata, with the principal among those that it names: itself where the principal already is. */
export function recordPrincipal(metadata: Metadata, principalId: string): Metadata {
  const recorded = principalIdsIn(metadata);
  return isNamed(recorded, principalId) ? metadata : withPrincipals(metadata, [principalId, ...recorded]);
}

/** Whether the file system may be open for the principal: it names it, or nobody, as those of version 0.1. */
export function mayBeOpenFor({ metadata }: FileSystem, principalId: string): boolean {
  const recorded = decodeMetadata(metadata).principalIds;
  return recorded.length === 0 || isNamed(recorded, principalId);
}

function isNamed(recorded: readonly string[], principalId: string): boolean {
  return recorded.some((other) => isSamePrincipal({ principalId: other }, { principalId }));
}

/**
 * Ours at the scope of `current`, the file system or its account, that others hold or may hold: what a list shows, and what
 * the metadata names. The principal of `current` loses nothing that no list shows.
 */
export async function findOthersAt(
  deps: Dependencies,
  { ref, metadata }: FileSystem,
  current: RoleAssignment,
): Promise<RoleAssignment[]> {
  const { scope } = current;
  const { atFileSystem, atAccount } = await listOurRoleAssignments(deps, ref);
  const listed = scope === accountId(ref.account) ? atAccount : atFileSystem;
  const principalIds = decodeMetadata(metadata).principalIds.filter(
    (principalId) => !isSamePrincipal({ principalId }, current),
  );
  const roleIds = await recentRoles(deps, ref.account);
  const named = unlisted(listed, { scope, principalIds, roleIds });
  return [...listed, ...named].filter((other) => !isSameRoleAssignment(other, current));
}

/** The file system that is to go, and ours at it and at its account: what a list shows, and what the metadata names. */
export async function findAllOf(
  deps: Dependencies,
  account: Account,
  fileSystem: FileSystemRef,
): Promise<AllOfFileSystem> {
  const [found, { atFileSystem, atAccount }, roleIds] = await allInOrder([
    deps.ports.fileSystems.find(fileSystem),
    listOurRoleAssignments(deps, fileSystem),
    recentRoles(deps, fileSystem.account),
  ]);
  const { principalIds } = decodeMetadata(found?.metadata ?? {});
  const { isolation, pool } = decodeAccountTags(account.tags);
  // An account that we made serves one class: all role assignments are at its file systems, or all at the account.
  const isElsewhere = (id: string, here: readonly RoleAssignment[], there: readonly RoleAssignment[]) =>
    pool !== undefined && isAmong(there, id) && !isAmong(here, id);
  const below = principalIds.filter((id) => !isElsewhere(id, atFileSystem, atAccount));
  const above = isolation === "pool" ? [] : principalIds.filter((id) => !isElsewhere(id, atAccount, atFileSystem));
  return {
    found,
    atFileSystem: [
      ...atFileSystem,
      ...unlisted(atFileSystem, { scope: deps.backend.scopeOf(fileSystem), principalIds: below, roleIds }),
    ],
    atAccount,
    unlistedAtAccount: unlisted(atAccount, { scope: accountId(fileSystem.account), principalIds: above, roleIds }),
  };
}

export interface AllOfFileSystem extends OurRoleAssignments {
  /** The file system as ARM shows it, where it still exists. */
  readonly found: FileSystem | undefined;
  /** What the metadata names and `atAccount`, which is listed, does not have. */
  readonly unlistedAtAccount: readonly RoleAssignment[];
}

function isAmong(assignments: readonly RoleAssignment[], principalId: string): boolean {
  return assignments.some((each) => isSamePrincipal(each, { principalId }));
}

interface Named {
  readonly scope: string;
  readonly principalIds: readonly string[];
  readonly roleIds: readonly string[];
}

/** What the principals may hold beside what is listed: one assignment for each role. */
function unlisted(listed: readonly RoleAssignment[], { scope, principalIds, roleIds }: Named): RoleAssignment[] {
  const named = principalIds.flatMap((principalId) =>
    roleIds.map((roleId) => ourRoleAssignment(scope, { principalId, roleId })),
  );
  return named.filter((each) => !listed.some((other) => isSameRoleAssignment(each, other)));
}

/**
 * The roles of assignments that are too new for a list: those of `--role`, whose order alone says which is assigned;
 * without it the one that is assigned now, and while that may be the earlier one, both. Each costs a call for each principal.
 */
async function recentRoles({ ports, settings }: Dependencies, group: ResourceGroupRef): Promise<readonly string[]> {
  const { roleId, earlierRoleId, formerRoleIds, rolePrefix } = settings;
  if (rolePrefix === undefined) return [roleId, ...formerRoleIds];
  if (earlierRoleId === undefined) return [roleId];
  const found = await ports.roleAssignments.findRole(group, [roleId]).catch(() => undefined);
  return found === undefined ? [roleId, earlierRoleId] : [roleId];
}
