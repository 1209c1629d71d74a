/** Something that this controller created in Azure and that nothing in the cluster needs any more: what `orphans` finds. */
import type { Account, Credential, FileSystemRef, RoleAssignment } from "../ports.ts";

interface AnyOrphan {
  /** ARM id. */
  readonly id: string;
  /** Why it is an orphan, as a clause for people. */
  readonly because: string;
}

export interface OrphanedFileSystem extends AnyOrphan {
  readonly kind: "file system";
  readonly fileSystem: FileSystemRef;
  /** Kept on purpose (`--on-delete=retain`): reported, and never removed. */
  readonly isRetained: boolean;
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
