/**
 * Which file systems a PersistentVolume names: for DeleteVolume, which keeps what is in use, and for `orphans`. In doubt one
 * too many, since a wrong answer here costs data.
 */
import { fileSystemName } from "./names.ts";
import type { ClusterVolume, FileSystemRef, FileSystemReference } from "./ports.ts";

/** What a volume says itself: `Backend.readReferences` is one. */
export type ReadReferences = (volume: Pick<ClusterVolume, "handle" | "attributes">) => {
  readonly fileSystems: readonly FileSystemReference[];
};

/** The file systems that it names by handle and attributes, and the one that csi-provisioner would have named after it. */
export function namedFileSystems(volume: ClusterVolume, read: ReadReferences): readonly FileSystemReference[] {
  return [{ name: fileSystemName(volume.name), accounts: [] }, ...read(volume).fileSystems];
}

/** Whether the reference leads to this very file system, or may do so. */
export function mayReferTo({ name, accounts }: FileSystemReference, fileSystem: FileSystemRef): boolean {
  if (name !== fileSystem.name) return false;
  return accounts.length === 0 || accounts.includes(fileSystem.account.name);
}
