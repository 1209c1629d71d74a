/** What is known of an existing volume, for ValidateVolumeCapabilities: reads only, changes nothing. */
import { DriverError } from "../errors.ts";
import { LONGEST_NAME, shown } from "../text/cut.ts";
import { findOwnAccount } from "./account/own-account.ts";
import type { Dependencies } from "./dependencies.ts";
import { identityIn } from "./file-system-record.ts";
import type { FileSystem } from "./ports.ts";

/** The file system behind a volume id. Throws NotFound when there is none, also when the id leads to what is not ours. */
export async function inspectVolume(deps: Dependencies, volumeId: string): Promise<FileSystem> {
  const ref = deps.backend.parseVolumeId(volumeId);
  if (ref !== undefined) deps.ports.observer.identified({ name: ref.name, id: volumeId });
  const account = ref && (await findOwnAccount(deps, ref, "any").catch(hideForeign));
  const fileSystem = ref && typeof account === "object" ? await deps.ports.fileSystems.find(ref) : undefined;
  if (fileSystem === undefined)
    throw new DriverError("NotFound", `volume ${shown(volumeId, LONGEST_NAME)} does not exist`);
  deps.ports.observer.identified(identityIn(fileSystem));
  return fileSystem;
}

function hideForeign(error: unknown): undefined {
  if (error instanceof DriverError && error.reason === "NotOurs") return undefined;
  throw error;
}
