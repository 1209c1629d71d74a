/** Delete Blob: the blob, one snapshot, all snapshots, or all of them; one version; what is soft-deleted, for good. */
import type { Reply } from "../../http/call.ts";
import { invalidHeader, invalidQuery, StorageError } from "../../storage/errors.ts";
import { header } from "../../storage/headers.ts";
import { checkLease } from "../../storage/lease.ts";
import { requireMutable } from "../../storage/protection.ts";
import type { Blob } from "../../storage/store/blob-record.ts";
import { requireContainer } from "../containers/find.ts";
import { checkConditions } from "../http/conditions.ts";
import type { BlobRequest } from "../http/request.ts";
import { requireDeletable } from "../namespace/directories.ts";
import { blobsOf, requireBlob, requireSelected } from "./find.ts";
import { allowsPermanentDelete, deletedUnder, keepDeleted, retentionDays } from "./soft-delete.ts";
import { isVersioned, keepVersion } from "./versions.ts";

/**
 * 202. A blob with snapshots needs `x-ms-delete-snapshots`. With versioning the blob stays as a previous version; with soft
 * delete everything else is retained for a while.
 */
export function deleteBlob(request: BlobRequest): Reply {
  const mode = readMode(request);
  if (request.call.query.has("snapshot")) {
    if (mode !== undefined) throw invalidHeader("x-ms-delete-snapshots", mode);
    return deleteSnapshots(request, [requireSelected(request)]);
  }
  const blob = requireBlob(request);
  checkConditions(request, blob, "write");
  const snapshots = blobsOf(request).entry(request.blob)?.snapshots ?? [];
  if (mode === undefined && snapshots.length > 0) throw new StorageError("SnapshotsPresent");
  if (mode === "only") return deleteSnapshots(request, snapshots);
  requireDeletable(request, blob, mode !== undefined);
  checkLease(request, blob.lease, "Blob", true);
  requireMutable(requireContainer(request), blob, request.now);
  deleteSnapshots(request, snapshots);
  if (!keepVersion(request, blob)) keepDeleted(request, blob);
  blobsOf(request).remove(request.blob);
  return deleted(request);
}

function readMode(request: BlobRequest): "include" | "only" | undefined {
  const mode = header(request, "x-ms-delete-snapshots")?.toLowerCase();
  if (mode !== undefined && mode !== "include" && mode !== "only") throw invalidHeader("x-ms-delete-snapshots", mode);
  return mode;
}

function deleted({ account }: BlobRequest): Reply {
  const isPermanent = retentionDays(account) === undefined && !isVersioned(account);
  return { status: 202, headers: { "x-ms-delete-type-permanent": String(isPermanent) } };
}

function deleteSnapshots(request: BlobRequest, snapshots: readonly Blob[]): Reply {
  for (const snapshot of [...snapshots]) {
    checkConditions(request, snapshot, "write");
    requireMutable(requireContainer(request), snapshot, request.now);
    keepDeleted(request, snapshot);
    blobsOf(request).removeSnapshot(snapshot.name, snapshot.snapshot ?? "");
  }
  return deleted(request);
}

/**
 * Delete Blob with `versionid`: 202. The current version is 403 OperationNotAllowedOnRootBlob (seen in
 * azure-sdk-for-java#48716); it is deleted without its id.
 */
export function deleteVersion(request: BlobRequest): Reply {
  const mode = readMode(request);
  if (mode !== undefined) throw invalidHeader("x-ms-delete-snapshots", mode);
  const version = requireSelected(request);
  if (version === blobsOf(request).find(request.blob)) throw new StorageError("OperationNotAllowedOnRootBlob");
  checkConditions(request, version, "write");
  requireMutable(requireContainer(request), version, request.now);
  keepDeleted(request, version);
  blobsOf(request).removeVersion(version.name, version.versionId ?? "");
  return {
    status: 202,
    headers: { "x-ms-delete-type-permanent": String(retentionDays(request.account) === undefined) },
  };
}

/**
 * Delete Blob with `deletetype=permanent`: 202; a soft-deleted snapshot or version is gone for good. The account must allow
 * it (`deleteRetentionPolicy.allowPermanentDelete`); what is not soft-deleted is not found.
 */
export function deletePermanently(request: BlobRequest): Reply {
  const { query } = request.call;
  const [snapshot, version] = [query.get("snapshot"), query.get("versionid")];
  const isGood = query.get("deletetype")?.toLowerCase() === "permanent" && (snapshot === null) !== (version === null);
  if (!isGood) throw invalidQuery("deletetype", query.get("deletetype"));
  if (!allowsPermanentDelete(request.account)) {
    throw invalidQuery("deletetype", "permanent", "Permanent delete is not enabled for the account.");
  }
  const isWanted = (each: Blob): boolean =>
    snapshot === null ? each.versionId === version && each.snapshot === undefined : each.snapshot === snapshot;
  const found = deletedUnder(blobsOf(request), request.blob, request.now).find(isWanted);
  if (found === undefined) throw new StorageError("BlobNotFound");
  requireMutable(requireContainer(request), found, request.now);
  blobsOf(request).removeDeleted(request.blob, isWanted);
  return { status: 202, headers: { "x-ms-delete-type-permanent": "true" } };
}
