/**
 * What the cluster still needs: the file systems and identities that its PersistentVolumes and claims refer to. In doubt
 * something is needed: a file system is known by its name alone, and the volumes of every driver count.
 */
import type { Dependencies } from "../dependencies.ts";
import { volumeNameOf } from "../names.ts";
import { namedFileSystems } from "../references.ts";

export interface ClusterReferences {
  /** Whether a PersistentVolume in any phase names the file system, or the claim that it was created for exists. */
  referencesFileSystem(name: string): boolean;
  /** Whether a PersistentVolume in any phase names the file system. */
  isNamedByVolume(name: string): boolean;
  /** Whether a volume of a claim in the namespace is mounted with the identity. */
  referencesIdentity(clientId: string, namespace: string): boolean;
}

/** Two lists. Without Kubernetes there are no references. */
export async function readClusterReferences({
  ports: { cluster },
  backend,
}: Pick<Dependencies, "ports" | "backend">): Promise<ClusterReferences> {
  // Claims before volumes: a volume created in between is still seen, and its claim was there before it.
  const claimUids = await cluster.listClaimUids();
  const volumes = await cluster.listVolumes();
  const claimed = new Set([...claimUids].map(volumeNameOf));
  const named = new Set<string>();
  const identities = new Set<string>();
  for (const volume of volumes) {
    const { clientId } = backend.readReferences(volume);
    for (const { name } of namedFileSystems(volume, backend.readReferences)) named.add(name);
    if (clientId !== undefined) identities.add(identityKey(clientId, volume.claim?.namespace ?? ""));
  }
  return {
    referencesFileSystem: (name) => claimed.has(name) || named.has(name),
    isNamedByVolume: (name) => named.has(name),
    referencesIdentity: (clientId, namespace) => identities.has(identityKey(clientId, namespace)),
  };
}

function identityKey(clientId: string, namespace: string): string {
  return `${clientId} ${namespace}`.toLowerCase();
}
