/**
 * The description of a role assignment: what it is for, and of which cluster it is, which nothing else tells once its scope
 * is gone. At most 2 KB (ARM).
 */

const PREFIX = "keyless-csi v1 cluster=";

export interface RoleAssignmentDescription {
  readonly clusterId: string;
  /** UID of the cluster's namespace kube-system; absent without Kubernetes. */
  readonly clusterUid?: string | undefined;
  /** Absent for one that was put back after a failed clean-up: no single volume is meant. */
  readonly volume?: string;
  readonly claim?: { readonly namespace: string; readonly name: string } | undefined;
}

export function encodeDescription({ clusterId, clusterUid, volume, claim }: RoleAssignmentDescription): string {
  const cluster = `${PREFIX}${clusterId}${clusterUid === undefined ? "" : ` uid=${clusterUid}`}`;
  if (volume === undefined) return `${cluster}, given back`;
  return `${cluster} volume=${volume}${claim ? ` claim=${claim.namespace}/${claim.name}` : ""}`;
}

/** The cluster, or undefined for a description that is not ours. */
export function decodeDescription(
  description: string,
): { readonly clusterId: string; readonly clusterUid?: string } | undefined {
  const rest = description.startsWith(PREFIX) ? description.slice(PREFIX.length) : "";
  const [, clusterId, clusterUid] = /^([A-Za-z0-9._-]+)(?: uid=([A-Za-z0-9-]+))?/.exec(rest) ?? [];
  return clusterId === undefined ? undefined : { clusterId, ...(clusterUid !== undefined && { clusterUid }) };
}
