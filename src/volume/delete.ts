/**
 * The story of DeleteVolume, backwards: role assignments, file system, and the account if it was created for this volume
 * alone. What is already gone counts as done.
 */
import { DriverError } from "../errors.ts";
import { findAllOf } from "./access/recorded-principals.ts";
import { removeUnlessVanished } from "./access/vanished.ts";
import { cleanUpEmptied, removeBeforeEmptied } from "./account/emptied-account.ts";
import { assertNotOfAnother, findOwnAccount, isRememberedAsOurs } from "./account/own-account.ts";
import type { Dependencies } from "./dependencies.ts";
import { identityIn } from "./file-system-record.ts";
import type { FileSystemRef } from "./ports.ts";

/** Throws NotOurs or InUse before anything is touched; any failure after that is unfinished, and the next attempt goes on. */
export async function deleteVolume(deps: Dependencies, volumeId: string): Promise<void> {
  const { ports, settings, backend } = deps;
  const fileSystem = backend.parseVolumeId(volumeId);
  // CSI: an unknown id is a success. An id of a form that is never given out needs no call.
  if (fileSystem === undefined) return ports.observer.nothingDeleted({ volumeId, missing: "handle" });
  ports.observer.identified({ name: fileSystem.name, id: volumeId });
  // A deletion that is held up is tried again for as long as it is: that must cost no call to Azure, or one for the account.
  if (isRememberedAsOurs(deps, fileSystem)) await assertReleased(deps, fileSystem, { isRemembered: true });
  const account = await findOwnAccount(deps, fileSystem, "ours");
  if (typeof account === "string") {
    return ports.observer.nothingDeleted({ volumeId, missing: account, fileSystem });
  }
  await assertReleased(deps, fileSystem, { isRemembered: true });
  const { found, atFileSystem, atAccount, unlistedAtAccount } = await findAllOf(deps, account, fileSystem).catch(
    (error: unknown) => {
      throw DriverError.unfinished(error);
    },
  );
  if (found !== undefined) ports.observer.identified(identityIn(found));
  assertNotOfAnother(deps, account, found);
  const reportAbsent = () => ports.observer.nothingDeleted({ volumeId, missing: "file system", fileSystem });
  // As late as possible, and before the first write: a volume that is found in use later would have lost its access.
  await assertReleased(deps, fileSystem, { isRemembered: false });
  try {
    await removeUnlessVanished(deps, atFileSystem);
    if (settings.retainsOnDelete) return found === undefined ? reportAbsent() : undefined;
    // Before the file system: nothing but its metadata names those that no list shows.
    const removed = await removeBeforeEmptied(deps, account, { fileSystem, assignments: unlistedAtAccount });
    const outcome = await ports.fileSystems.remove(fileSystem);
    if (outcome === "absent") reportAbsent();
    const assignments = removed === "in use" ? [...atAccount, ...unlistedAtAccount] : atAccount;
    await cleanUpEmptied(deps, account, { assignments, removed: removed === "in use" ? [] : removed });
  } catch (error) {
    throw DriverError.unfinished(error);
  }
}

/**
 * DeleteVolume receives a handle, and more than one PersistentVolume may have it: a restore into another namespace makes a
 * second one, and others can be forged. The file system stays while any of them is in use.
 */
async function assertReleased(
  { ports, backend }: Dependencies,
  fileSystem: FileSystemRef,
  how: { readonly isRemembered: boolean },
): Promise<void> {
  const volume = await ports.cluster.findVolumeUsing(fileSystem, how).catch((error: unknown) => {
    const message = error instanceof DriverError ? error.message : "internal error";
    throw new DriverError("Unavailable", message, { cause: error });
  });
  if (volume === undefined) return;
  const { name, account } = fileSystem;
  const claim = volume.claim && `claim ${volume.claim.namespace}/${volume.claim.name}`;
  const state = [volume.phase, claim].filter(Boolean).join(", ");
  throw new DriverError(
    "InUse",
    `PersistentVolume ${volume.name}${state && ` (${state})`} exists and is not released, and ${backend.noun} ${name} in storage ` +
      `account ${account.name} is its data: nothing was touched. The deletion is tried again, and goes through once no ` +
      `PersistentVolume in use names the ${backend.noun}. To end it and keep the data, set persistentVolumeReclaimPolicy: Retain ` +
      "on the PersistentVolume that this event is about",
  );
}
