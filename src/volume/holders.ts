/**
 * What the cluster still needs: the containers and identities that its PersistentVolumes and claims name. In doubt
 * something is held: a container is known by its name alone, and every driver's volumes count.
 */
import { containerName } from "./names.ts";
import type { Cluster, ClusterVolume } from "./ports.ts";

export interface Holders {
  /** Whether a PersistentVolume in any phase names the container, or the claim that it was made for exists. */
  needContainer(name: string): boolean;
  /** Whether a volume of a claim in the namespace is mounted with the identity. */
  needIdentity(clientId: string, namespace: string): boolean;
}

/** Two lists. Without Kubernetes nobody holds anything. */
export async function readHolders(cluster: Cluster): Promise<Holders> {
  // Claims before volumes: a volume made in between is still seen, and its claim was there before it.
  const claimUids = await cluster.listClaimUids();
  const volumes = await cluster.listVolumes();
  const names = new Set([...claimUids].map((uid) => `pvc-${uid}`));
  const identities = new Set<string>();
  for (const volume of volumes) {
    for (const name of containersOf(volume)) names.add(name);
    const clientId = attribute(volume, "clientid");
    if (clientId !== undefined) identities.add(`${clientId} ${volume.claimNamespace ?? ""}`.toLowerCase());
  }
  return {
    needContainer: (name) => names.has(name),
    needIdentity: (clientId, namespace) => identities.has(`${clientId} ${namespace}`.toLowerCase()),
  };
}

/** By its own name, as csi-provisioner has it; by the handle's third part; by the attribute of hand-made volumes. */
function containersOf(volume: ClusterVolume): string[] {
  const named = [containerName(volume.name), volume.handle.split("#")[2], attribute(volume, "containername")];
  return named.filter((name): name is string => name !== undefined && name !== "");
}

/** The node plugin compares the names of attributes without case. */
function attribute({ attributes }: ClusterVolume, name: string): string | undefined {
  return Object.entries(attributes).find(([key]) => key.toLowerCase() === name)?.[1];
}
