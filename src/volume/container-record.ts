/**
 * What a container's metadata says of its volume. It informs people, and answers the idempotency question of CSI; a
 * workload with a built-in role can rewrite it, so what is missing or garbled contradicts nothing.
 */
import { DriverError } from "../errors.ts";
import { decodeMetadata } from "./formats/file-system-metadata.ts";
import { MAX_SIZE_BYTES, type VolumePlan } from "./plan.ts";
import type { Container } from "./ports.ts";

/** The size that the metadata states, or undefined when it states none that could be one. */
export function recordedSize(metadata: Readonly<Record<string, string>>): number | undefined {
  const { sizeBytes } = decodeMetadata(metadata);
  return sizeBytes !== undefined && sizeBytes <= MAX_SIZE_BYTES ? sizeBytes : undefined;
}

/** Whether the metadata says that the container was made for other parameters. */
export function isOfOtherRequest(plan: VolumePlan, existing: Container | undefined): boolean {
  const recorded = existing && decodeMetadata(existing.metadata).requestHash;
  return recorded !== undefined && recorded !== plan.requestHash;
}

/** CSI: the same name with another size or other parameters is ALREADY_EXISTS. */
export function assertCompatible(plan: VolumePlan, container: Container): void {
  const { metadata, ref } = container;
  const { requiredBytes, limitBytes, name } = plan.request;
  const sizeBytes = recordedSize(metadata) ?? plan.sizeBytes;
  const where = `container ${ref.name} in ${ref.account.name}`;
  if (sizeBytes < requiredBytes || (limitBytes > 0 && sizeBytes > limitBytes)) {
    throw new DriverError(
      "Incompatible",
      `volume ${name} exists with ${sizeBytes} bytes (${where}), which does not fit required ${requiredBytes} ` +
        `and limit ${limitBytes}: use another name`,
    );
  }
  if (isOfOtherRequest(plan, container)) {
    throw new DriverError("Incompatible", `volume ${name} exists with other parameters (${where}): use another name`);
  }
}
