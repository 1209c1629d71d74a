/** The story of ControllerExpandVolume: a larger size for a volume that exists. */
import { DriverError } from "../errors.ts";
import type { Dependencies } from "./dependencies.ts";
import { recordedSize } from "./file-system-record.ts";
import { withSize } from "./formats/file-system-metadata.ts";
import { inspectVolume } from "./inspect.ts";
import { assertSize, type SizeRange } from "./size.ts";

/** The size after it, in bytes. A volume never shrinks: one that is large enough already is answered as it is. */
export async function expandVolume(deps: Dependencies, volumeId: string, range: SizeRange): Promise<number> {
  assertSize(range, deps.backend.size);
  return await resize(deps, volumeId, range).catch(keepTrying);
}

/** csi-resizer takes FAILED_PRECONDITION for "not while it is in use", and calls no more until no pod uses the claim. */
function keepTrying(error: unknown): never {
  const isRepairable = error instanceof DriverError && ["InUse", "Misconfigured"].includes(error.reason);
  throw isRepairable ? DriverError.unfinished(error) : error;
}

async function resize(deps: Dependencies, volumeId: string, range: SizeRange): Promise<number> {
  const { ref, metadata } = await inspectVolume(deps, volumeId);
  const currentBytes = recordedSize(metadata, deps.backend.size);
  const sizeBytes = Math.max(currentBytes ?? 0, range.requiredBytes);
  if (range.limitBytes > 0 && sizeBytes > range.limitBytes) {
    throw new DriverError(
      "OutOfRange",
      `volume ${volumeId} has ${sizeBytes} bytes, over the limit of ${range.limitBytes}: volumes do not shrink`,
    );
  }
  if (sizeBytes !== currentBytes) {
    await deps.ports.fileSystems.resize(ref, { sizeBytes, metadata: withSize(metadata, sizeBytes) });
  }
  return sizeBytes;
}
