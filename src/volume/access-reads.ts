/** What a review of access asks Azure beside its role assignments, and the port to it; everybody else takes these from `ports.ts`. */
import type { ResourceGroupRef } from "./settings.ts";

/** What a role or a deny assignment says of data: patterns of Azure's data actions, and what is taken out of them. */
export interface DataPermission {
  readonly dataActions: readonly string[];
  readonly notDataActions: readonly string[];
}

/** What a deny assignment says: patterns of actions of the control plane as well. */
export interface DeniedPermission extends DataPermission {
  readonly actions: readonly string[];
  readonly notActions: readonly string[];
}

/** A role definition, as far as it opens data. */
export interface DataRole {
  /** GUID. */
  readonly id: string;
  readonly name: string;
  readonly permissions: readonly DataPermission[];
}

/** A deny assignment, which outranks every role. */
export interface DenyAssignment {
  /** ARM id. */
  readonly id: string;
  readonly name: string;
  readonly scope: string;
  /** Object ids; the zero GUID stands for everybody. */
  readonly principalIds: readonly string[];
  readonly excludedPrincipalIds: readonly string[];
  readonly permissions: readonly DeniedPermission[];
  /** Whether it holds below its scope too. */
  readonly holdsBelow: boolean;
}

export interface AccessReads {
  /** Every role that can be assigned at the resource group or in it, built-in ones too: one list. */
  listRoles(group: ResourceGroupRef): Promise<readonly DataRole[]>;
  /** Those at, above and below the resource group; undefined where the caller may not read them. */
  listDenials(group: ResourceGroupRef): Promise<readonly DenyAssignment[] | undefined>;
}
