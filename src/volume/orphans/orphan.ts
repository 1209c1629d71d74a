/** Something that this controller created in Azure and that nothing in the cluster needs any more: what `orphans` finds. */
import type { Account, ClaimRef, Credential, FileSystemRef, RoleAssignment } from "../ports.ts";

interface AnyOrphan {
  /** ARM id. */
  readonly id: string;
  /** Why it is an orphan, as a clause for people. */
  readonly because: string;
  /** Why it is only reported, as a clause for people; absent: it may be removed. */
  readonly keptBecause?: string | undefined;
  /** When it was last changed or created, by ARM's clock, in milliseconds since 1970; absent where ARM does not say. */
  readonly changedAtMs?: number | undefined;
}

export interface OrphanedFileSystem extends AnyOrphan {
  readonly kind: "file system";
  readonly fileSystem: FileSystemRef;
  /** Kept on purpose (`--on-delete=retain`): reported, and never removed. */
  readonly isRetained: boolean;
  /** The claim that it was made for, and its size in bytes: as its metadata says, which decides nothing. */
  readonly claim?: ClaimRef | undefined;
  readonly sizeBytes?: number | undefined;
}

export interface OrphanedAccount extends AnyOrphan {
  readonly kind: "account";
  readonly account: Account;
}

export interface OrphanedRoleAssignment extends AnyOrphan {
  readonly kind: "role assignment";
  readonly roleAssignment: RoleAssignment;
}

export interface OrphanedCredential extends AnyOrphan {
  readonly kind: "credential";
  readonly credential: Credential;
}

export type Orphan = OrphanedFileSystem | OrphanedAccount | OrphanedRoleAssignment | OrphanedCredential;

/** Whether it is only reported: data that the operator has chosen to keep. */
export function isRetained(orphan: Orphan): boolean {
  return orphan.kind === "file system" && orphan.isRetained;
}

/** Whether it may be removed: neither kept on purpose, nor possibly needed by another cluster. */
export function isRemovable(orphan: Orphan): boolean {
  return !isRetained(orphan) && orphan.keptBecause === undefined;
}
