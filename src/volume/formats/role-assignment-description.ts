/**
 * The description of a role assignment: what it is for, and of which cluster it is, which nothing else tells once its scope
 * is gone. At most 2 KB (ARM).
 */

const PREFIX = "keyless-csi v1 cluster=";

export interface RoleAssignmentDescription {
  readonly clusterId: string;
  /** Absent for one that was put back after a failed clean-up: no single volume is meant. */
  readonly volume?: string;
  readonly claim?: { readonly namespace: string; readonly name: string };
}

export function encodeDescription({ clusterId, volume, claim }: RoleAssignmentDescription): string {
  if (volume === undefined) return `${PREFIX}${clusterId}, given back`;
  return `${PREFIX}${clusterId} volume=${volume}${claim ? ` claim=${claim.namespace}/${claim.name}` : ""}`;
}

/** The cluster id, or undefined for a description that is not ours. */
export function decodeDescription(description: string): { readonly clusterId: string } | undefined {
  const [, clusterId] =
    /^([A-Za-z0-9._-]+)/.exec(description.startsWith(PREFIX) ? description.slice(PREFIX.length) : "") ?? [];
  return clusterId === undefined ? undefined : { clusterId };
}
