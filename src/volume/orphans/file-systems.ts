/** Our file systems that no PersistentVolume and no claim refers to. */
import type { Dependencies } from "../dependencies.ts";
import { isGiven, isVolumeOf, listedMarks, mayHold } from "../ownership.ts";
import type { Account, FileSystem } from "../ports.ts";
import { type AgeLimit, isOldEnough } from "./age.ts";
import type { Inventory } from "./inventory.ts";
import type { OrphanedFileSystem } from "./orphan.ts";

export function findOrphanedFileSystems(
  deps: Dependencies,
  { accounts, references }: Inventory,
  age: AgeLimit,
): OrphanedFileSystem[] {
  const isRetained = deps.settings.retainsOnDelete;
  const isOrphan = (account: Account, fileSystem: FileSystem) =>
    isOldEnough(fileSystem.modifiedAtMs, age) &&
    isCertainlyOurs(deps, account, fileSystem) &&
    !references.referencesFileSystem(fileSystem.ref.name);
  return [...accounts.values()].flatMap(({ account, fileSystems }) =>
    fileSystems
      .filter((fileSystem) => isOrphan(account, fileSystem))
      .map(({ ref }) => ({
        kind: "file system" as const,
        id: deps.backend.scopeOf(ref),
        because: `no PersistentVolume and no claim needs it${isRetained ? "; retained" : ""}`,
        fileSystem: ref,
        isRetained,
      })),
  );
}

/**
 * In our accounts every file system whose name this driver can have chosen. In a given one others may call theirs
 * `pvc-<uid>` too, so there its metadata must also name this cluster: that can only keep something, never delete more.
 */
function isCertainlyOurs({ settings, backend }: Dependencies, account: Account, fileSystem: FileSystem): boolean {
  if (backend.parseVolumeId(backend.toVolumeId(fileSystem.ref)) === undefined) return false;
  return isGiven(account, settings)
    ? isVolumeOf(account, fileSystem, settings, "not ours")
    : mayHold(account, fileSystem.ref, settings, listedMarks(settings));
}
