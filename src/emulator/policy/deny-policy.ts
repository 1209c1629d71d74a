/** An assignment of Azure Policy as the emulator keeps it. */
import type { Rule } from "./rule.ts";

/** An assigned policy with effect deny, to the extent that the emulator evaluates one. */
export interface DenyPolicy {
  /** ARM id of the policy assignment. */
  readonly id: string;
  readonly displayName: string;
  /** ARM id of the policy definition. */
  readonly definitionId: string;
  readonly definitionName: string;
  /** Writes at this scope and below it are checked. */
  readonly scope: string;
  /** Such as "Microsoft.Storage/storageAccounts". */
  readonly resourceType: string;
  /**
   * Path of a member ("properties.allowSharedKeyAccess") to the value that it must have; an absent member does
   * not have it. Empty: every write of the type is refused.
   */
  readonly requires: Readonly<Record<string, unknown>>;
  /** Absent: Deny. One with another effect denies nothing. */
  readonly effect?: string;
  /** Of a built-in definition: its rule decides, in place of `resourceType` and `requires`. */
  readonly built?: {
    readonly mode: "Indexed" | "All";
    readonly rule: Rule;
    readonly parameters: Readonly<Record<string, unknown>>;
  };
  /** The assignment's own non-compliance message. */
  readonly message?: string;
  /** Scopes below `scope` that the assignment leaves out; absent: none. */
  readonly notScopes?: readonly string[];
  /** Absent: it is (`enforcementMode` Default). */
  readonly isEnforced?: boolean;
}
