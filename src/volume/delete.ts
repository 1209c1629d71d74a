/**
 * The story of DeleteVolume, backwards: role assignments, file system, and the account if it was created for this volume
 * alone. What is already gone counts as done.
 */
import { DriverError } from "../errors.ts";
import type { Dependencies } from "./dependencies.ts";
import { cleanUpEmptied } from "./emptied-account.ts";
import { findOwnAccount } from "./own-account.ts";
import type { FileSystemRef } from "./ports.ts";
import { findOurRoleAssignments, removeRoleAssignments } from "./role-assignments.ts";

/** Throws NotOurs or InUse before anything is touched; any failure after that is unfinished, and the next attempt goes on. */
export async function deleteVolume(deps: Dependencies, volumeId: string): Promise<void> {
  const { ports, settings, backend } = deps;
  const fileSystem = backend.parseVolumeId(volumeId);
  // CSI: an unknown id is a success. An id of a form that is never given out needs no call.
  if (fileSystem === undefined) return;
  const account = await findOwnAccount(deps, fileSystem);
  if (account === undefined) return;
  await assertReleased(deps, fileSystem);
  try {
    const { atFileSystem, atAccount } = await findOurRoleAssignments(deps, fileSystem);
    await removeRoleAssignments(ports, atFileSystem);
    if (settings.retainsOnDelete) return;
    await ports.fileSystems.remove(fileSystem);
    await cleanUpEmptied(deps, account, atAccount);
  } catch (error) {
    throw DriverError.unfinished(error);
  }
}

/** The file system is named after its PersistentVolume, so a forged handle in another volume cannot reach a live one. */
async function assertReleased({ ports, backend }: Dependencies, { name, account }: FileSystemRef): Promise<void> {
  if (!(await ports.cluster.isVolumeInUse(name))) return;
  throw new DriverError(
    "InUse",
    `PersistentVolume ${name} exists and is not released: the ${backend.noun} of that name in ${account.name} ` +
      "is its data and was not touched",
  );
}
