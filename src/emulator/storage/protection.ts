/** Legal holds and time-based retention of a container, as far as they keep a blob from being changed or deleted. */
import type { BlobContainer } from "../world.ts";
import { BlobError } from "./errors.ts";
import type { Blob } from "./store/blob-record.ts";

const DAY_MS = 24 * 3600 * 1000;

/** Throws 409 when the blob is there and must stay as it is ("Store business-critical blob data with immutable storage"). */
export function requireMutable(container: BlobContainer, blob: Blob | undefined, now: number): void {
  if (blob === undefined) return;
  if (container.hasLegalHold) throw new BlobError("BlobImmutableDueToLegalHold");
  const days = container.immutabilityPolicy?.periodDays ?? 0;
  if (now < blob.createdAt + days * DAY_MS) throw new BlobError("BlobImmutableDueToPolicy");
}
