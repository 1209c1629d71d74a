/** What `orphans` finds: something of ours in Azure that nothing in the cluster needs any more. */
import type { Account, ContainerRef, Credential, RoleAssignment } from "./ports.ts";

interface About {
  /** ARM id of what was found. */
  readonly id: string;
  /** Why it is an orphan, as a clause for people. */
  readonly because: string;
}

export interface ContainerFinding extends About {
  readonly kind: "container";
  readonly container: ContainerRef;
  /** Kept on purpose (`--on-delete=retain`): told, and never removed. */
  readonly isRetained: boolean;
}

export interface AccountFinding extends About {
  readonly kind: "account";
  readonly account: Account;
}

export interface GrantFinding extends About {
  readonly kind: "grant";
  readonly grant: RoleAssignment;
}

export interface CredentialFinding extends About {
  readonly kind: "credential";
  readonly credential: Credential;
}

export type Finding = ContainerFinding | AccountFinding | GrantFinding | CredentialFinding;

/** Whether it is only told: data that the operator has chosen to keep. */
export function isRetained(finding: Finding): boolean {
  return finding.kind === "container" && finding.isRetained;
}
