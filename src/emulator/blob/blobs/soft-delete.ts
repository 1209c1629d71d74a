/**
 * Soft delete of blobs, when the account's `deleteRetentionPolicy` is on: what is deleted or overwritten stays, unseen,
 * for some days, is listed with `include=deleted`, and comes back with Undelete Blob ("Soft delete for blobs").
 */
import type { Reply } from "../../http/call.ts";
import { StorageError } from "../../storage/errors.ts";
import type { Blob } from "../../storage/store/blob-record.ts";
import type { ContainerBlobs } from "../../storage/store/container-blobs.ts";
import { newSnapshotId } from "../../storage/times.ts";
import type { StorageAccount } from "../../world.ts";
import type { BlobRequest } from "../http/request.ts";
import { blobsOf } from "./find.ts";
import { keepVersion } from "./versions.ts";

const DAY_MS = 24 * 3600 * 1000;

/** How long deleted blobs are kept; undefined when they are not. */
export function retentionDays(account: StorageAccount): number | undefined {
  const policy = account.blobService["deleteRetentionPolicy"] as { enabled?: unknown; days?: unknown } | undefined;
  return policy?.enabled === true && typeof policy.days === "number" ? policy.days : undefined;
}

/** Whether what is soft-deleted may be removed before its time. */
export function allowsPermanentDelete(account: StorageAccount): boolean {
  const policy = account.blobService["deleteRetentionPolicy"] as { allowPermanentDelete?: unknown } | undefined;
  return retentionDays(account) !== undefined && policy?.allowPermanentDelete === true;
}

/** Retains what is about to be deleted, if the account is set up for it. */
export function keepDeleted(request: BlobRequest, blob: Blob): void {
  const days = retentionDays(request.account);
  if (days === undefined) return;
  blobsOf(request).addDeleted({ ...blob, lease: { state: "available" }, deletedAt: request.now, retainedDays: days });
}

/**
 * Keeps what is about to be overwritten: as a version where the account has versioning, else as a deleted snapshot, and so
 * is a deleted blob of that name.
 */
export function keepOverwritten(request: BlobRequest, existing: Blob | undefined): void {
  const blobs = blobsOf(request);
  const hidden = deletedUnder(blobs, request.blob, request.now).find(isBase);
  if (hidden !== undefined) {
    blobs.addDeleted({ ...hidden, snapshot: newSnapshotId(request.now) });
    blobs.removeDeleted(request.blob, isBase);
  }
  if (existing === undefined || keepVersion(request, existing)) return;
  keepDeleted(request, { ...existing, snapshot: newSnapshotId(request.now) });
}

/** Neither a snapshot nor a version. */
function isBase({ snapshot, versionId }: Blob): boolean {
  return snapshot === undefined && versionId === undefined;
}

/** What is retained under a name; what has expired is removed first. */
export function deletedUnder(blobs: ContainerBlobs, name: string, now: number): readonly Blob[] {
  blobs.removeDeleted(name, (blob) => remainingDays(blob, now) < 0);
  return blobs.entry(name)?.deleted ?? [];
}

/** Whole days that are left, rounded down; negative when time is over. */
export function remainingDays({ deletedAt = 0, retainedDays = 0 }: Blob, now: number): number {
  return Math.floor((deletedAt + retainedDays * DAY_MS - now) / DAY_MS);
}

/**
 * Undelete Blob: 200; the blob and all its deleted snapshots and versions are back, none of which becomes the current one.
 * 404 when there is nothing of that name.
 */
export function undeleteBlob(request: BlobRequest): Reply {
  const blobs = blobsOf(request);
  const kept = deletedUnder(blobs, request.blob, request.now);
  if (blobs.entry(request.blob) === undefined) throw new StorageError("BlobNotFound");
  for (const { deletedAt: _at, retainedDays: _days, ...blob } of kept) {
    if (isBase(blob)) blobs.put(blob);
    else if (blob.snapshot === undefined) blobs.addVersion(blob);
    else blobs.addSnapshot(blob);
  }
  blobs.removeDeleted(request.blob, () => true);
  return { status: 200 };
}
