/** Legal holds and time-based retention: what they protect from changes and deletion. */
import type { Services } from "../services.ts";
import type { BlobContainer } from "../world.ts";
import { StorageError } from "./errors.ts";
import type { Blob } from "./store/blob-record.ts";

const DAY_MS = 24 * 3600 * 1000;

/**
 * Throws 409 when the blob exists and must stay as it is ("Store business-critical blob data with immutable storage").
 */
export function requireMutable(container: BlobContainer, blob: Blob | undefined, now: number): void {
  if (blob === undefined) return;
  if (container.hasLegalHold) throw new StorageError("BlobImmutableDueToLegalHold");
  const days = container.immutabilityPolicy?.periodDays ?? 0;
  if (now < blob.createdAt + days * DAY_MS) throw new StorageError("BlobImmutableDueToPolicy");
}

/** What protects a container from deletion: a legal hold, or an immutability policy over blobs. */
export function containerProtection(
  { blobs }: Services,
  container: BlobContainer,
): "LegalHold" | "ImmutabilityPolicy" | undefined {
  if (container.hasLegalHold) return "LegalHold";
  const isRetained = container.immutabilityPolicy !== undefined && blobs.blobsOf(container.uid).names().length > 0;
  return isRetained ? "ImmutabilityPolicy" : undefined;
}
