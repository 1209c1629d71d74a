/** ControllerExpandVolume: Azure does not limit a container, so a new size is a new label in the container's metadata. */
import { DriverError } from "../errors.ts";
import { recordedSize } from "./container-record.ts";
import { withSize } from "./formats/file-system-metadata.ts";
import { inspectVolume } from "./inspect.ts";
import { assertSize, type SizeRange } from "./plan.ts";
import type { Ports, Settings } from "./ports.ts";

/** The size after it, in bytes. A volume never shrinks: one that is large enough already is answered as it is. */
export async function expandVolume(
  ports: Ports,
  settings: Settings,
  volumeId: string,
  range: SizeRange,
): Promise<number> {
  assertSize(range);
  return await relabel(ports, settings, volumeId, range).catch(keepTrying);
}

/** csi-resizer takes FAILED_PRECONDITION for "not while it is in use", and calls no more until no pod uses the claim. */
function keepTrying(error: unknown): never {
  const isRepairable = error instanceof DriverError && ["InUse", "Misconfigured"].includes(error.reason);
  throw isRepairable ? DriverError.unfinished(error) : error;
}

async function relabel(ports: Ports, settings: Settings, volumeId: string, range: SizeRange): Promise<number> {
  const { ref, metadata } = await inspectVolume(ports, settings, volumeId);
  const sizeBytes = Math.max(recordedSize(metadata) ?? 0, range.requiredBytes);
  if (range.limitBytes > 0 && sizeBytes > range.limitBytes) {
    throw new DriverError(
      "OutOfRange",
      `volume ${volumeId} has ${sizeBytes} bytes, over the limit of ${range.limitBytes}: volumes do not shrink`,
    );
  }
  if (sizeBytes !== recordedSize(metadata)) {
    await ports.containers.relabel(ref, withSize(metadata, sizeBytes));
  }
  return sizeBytes;
}
