/** What a file system's metadata says of its volume, and CSI's idempotency question: is it the volume that is asked for? */
import type { SizeRule } from "../backend/backend.ts";
import { DriverError } from "../errors.ts";
import type { VolumeIdentity } from "./cluster.ts";
import type { Dependencies } from "./dependencies.ts";
import { decodeMetadata } from "./formats/file-system-metadata.ts";
import { fileSystemName, strictFileSystemName } from "./names.ts";
import type { VolumePlan } from "./plan.ts";
import type { FileSystem } from "./ports.ts";

/** The size that the metadata states, or undefined when it states none that a volume can have. */
export function recordedSize(metadata: FileSystem["metadata"], { maxBytes }: SizeRule): number | undefined {
  const { sizeBytes } = decodeMetadata(metadata);
  return sizeBytes !== undefined && sizeBytes <= maxBytes ? sizeBytes : undefined;
}

/** Whether the metadata says that the file system was created for other parameters. */
export function isOfOtherRequest(plan: VolumePlan, existing: FileSystem | undefined): boolean {
  const recorded = existing && decodeMetadata(existing.metadata).requestHash;
  return recorded !== undefined && recorded !== plan.requestHash;
}

/** CSI: the same name with another size or other parameters is ALREADY_EXISTS. */
export function assertCompatible(
  { backend }: Pick<Dependencies, "backend">,
  plan: VolumePlan,
  fileSystem: FileSystem,
): void {
  const { metadata, ref } = fileSystem;
  const { requiredBytes, limitBytes, name } = plan.request;
  const sizeBytes = recordedSize(metadata, backend.size) ?? plan.sizeBytes;
  const where = `${backend.noun} ${ref.name} in ${ref.account.name}`;
  if (sizeBytes < requiredBytes || (limitBytes > 0 && sizeBytes > limitBytes)) {
    throw new DriverError(
      "Incompatible",
      `volume ${name} exists with ${sizeBytes} bytes (${where}), which does not fit required ${requiredBytes} ` +
        `and limit ${limitBytes}: use another name`,
    );
  }
  if (isOfOtherRequest(plan, fileSystem)) {
    throw new DriverError("Incompatible", `volume ${name} exists with other parameters (${where}): use another name`);
  }
}

/**
 * The volume and claim that the metadata names, for the log. A workload with a built-in role can rewrite it: a volume name that
 * is not the one the file system is named after is left out, and the claim is what the metadata says.
 */
export function identityIn({ ref, metadata }: FileSystem): VolumeIdentity {
  const { volumeName, claim } = decodeMetadata(metadata);
  const isItsName =
    volumeName !== undefined && [fileSystemName, strictFileSystemName].some((to) => to(volumeName) === ref.name);
  return { ...(isItsName && { name: volumeName }), ...(claim && { claim }) };
}
