/** The words of a review of access: who can open a volume, by what, and whether the claims account for it. */
import type {
  Account,
  AccountRef,
  ClaimRef,
  DenyAssignment,
  ListedRoleAssignment,
  UserAssignedIdentity,
} from "../ports.ts";

/** Where a role assignment is. Whatever is above an account opens it too: that is inherited. */
export type Level = "file system" | "account" | "resource group" | "subscription" | "management group" | "tenant root";

/**
 * `expected`: it is for an identity that mounts the volume. `shared`: made by this controller at the account of a namespace, for the
 * identity of another of its volumes. `new`: made by this controller within the last hour, for an identity that no PersistentVolume
 * names yet. `released`: for the identity of a PersistentVolume whose claim is gone, and which is kept or about to be deleted.
 * `accepted`: of a principal that an administrator has named. `inherited`: made above the account. `unexpected`: everything else.
 */
export type AccessState = "expected" | "shared" | "new" | "released" | "accepted" | "inherited" | "unexpected";

/** A role assignment that opens data, whatever it is at. */
export interface Grant {
  readonly assignment: ListedRoleAssignment;
  /** Undefined where the role could not be read: then it may open anything. */
  readonly role: { readonly name: string; readonly rights: readonly string[] } | undefined;
  /** Whether its name follows from scope, principal and role, as those of this controller do. */
  readonly isOurs: boolean;
}

/** A role assignment, as it opens one volume. */
export interface Access extends Grant {
  readonly state: AccessState;
  readonly level: Level;
}

/** A PersistentVolume that mounts a file system, and as whom. */
export interface Mount {
  /** The PersistentVolume's name. */
  readonly volume: string;
  readonly claim: ClaimRef | undefined;
  /** Released or Failed: its claim is gone. */
  readonly isReleased: boolean;
  /** Undefined where the PersistentVolume names no identity, as one with keys. */
  readonly clientId: string | undefined;
  /** Undefined where the controller cannot read it. */
  readonly identity: UserAssignedIdentity | undefined;
}

export interface ReviewedVolume {
  readonly account: AccountRef;
  /** Of the file system; undefined for an account that holds none that is known: what is assigned there opens the next one. */
  readonly name: string | undefined;
  readonly mounts: readonly Mount[];
  readonly access: readonly Access[];
  /** What no role assignment opens to the identity that it states. */
  readonly missing: readonly Mount[];
}

/** A PersistentVolume of this controller that was not looked at, and why, as a clause for people. */
export interface LeftOut {
  readonly volume: string;
  readonly why: string;
}

export interface AccessReview {
  readonly volumes: readonly ReviewedVolume[];
  /** Accounts that something other than an Entra identity can open: no role assignment says who that is. */
  readonly openAccounts: readonly Account[];
  /** Whether the user-assigned identities could be read. */
  readonly areIdentitiesKnown: boolean;
  readonly leftOut: readonly LeftOut[];
}

/** Deny assignments that take data actions away; `isReadable` is false where Azure does not let the caller read them. */
export interface Denials {
  readonly found: readonly DenyAssignment[];
  readonly isReadable: boolean;
}
