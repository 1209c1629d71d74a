/**
 * Versions of blobs, in accounts whose `isVersioningEnabled` is on ("Blob versioning"): Put Blob, Put Block List, Copy Blob,
 * Set Blob Metadata and Snapshot Blob keep what was there as a previous version, and so does Delete Blob.
 */
import type { Blob } from "../../storage/store/blob-record.ts";
import { newSnapshotId } from "../../storage/times.ts";
import type { StorageAccount } from "../../world.ts";
import type { BlobRequest } from "../http/request.ts";
import { blobsOf } from "./find.ts";

export function isVersioned({ blobService }: StorageAccount): boolean {
  return blobService["isVersioningEnabled"] === true;
}

/**
 * Keeps the blob's present state as a previous version, and says whether it did. After versioning was turned off, a blob
 * that still is a version is kept once more: "the current version becomes a previous version". One that was written before
 * versioning was on gets its id now.
 */
export function keepVersion(request: BlobRequest, blob: Blob): boolean {
  if (!isVersioned(request.account) && blob.versionId === undefined) return false;
  const { content, metadata, tags, versionId = newSnapshotId(request.now) } = blob;
  blobsOf(request).addVersion({
    ...blob,
    content: { ...content },
    metadata: { ...metadata },
    tags: { ...tags },
    lease: { state: "available" },
    versionId,
  });
  return true;
}

/** The version of a blob that is written now; empty when the account has versioning off. */
export function newVersion({ account, now }: BlobRequest): Pick<Blob, "versionId"> {
  return isVersioned(account) ? { versionId: newSnapshotId(now) } : {};
}

/** Before a change in place that makes a version: keeps the present state, and makes the blob the next version. */
export function startVersion(request: BlobRequest, blob: Blob): void {
  if (!keepVersion(request, blob)) return;
  delete blob.versionId;
  Object.assign(blob, newVersion(request));
}

/** `x-ms-version-id`, of a blob that is a version. */
export function versionIdHeader({ versionId }: Blob): Record<string, string> {
  return versionId === undefined ? {} : { "x-ms-version-id": versionId };
}
