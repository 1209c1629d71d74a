/** Delete Blob: the blob, one snapshot, all snapshots, or all of them. */
import type { Reply } from "../../http/call.ts";
import { invalidHeader, StorageError } from "../../storage/errors.ts";
import { header } from "../../storage/headers.ts";
import { checkLease } from "../../storage/lease.ts";
import { requireMutable } from "../../storage/protection.ts";
import type { Blob } from "../../storage/store/blob-record.ts";
import { requireContainer } from "../containers/find.ts";
import { checkConditions } from "../http/conditions.ts";
import type { BlobRequest } from "../http/request.ts";
import { requireDeletable } from "../namespace/directories.ts";
import { blobsOf, requireBlob, requireBlobOrSnapshot } from "./find.ts";
import { keepDeleted, retentionDays } from "./soft-delete.ts";

/** 202. A blob with snapshots needs `x-ms-delete-snapshots`. With soft delete all of it is retained for a while. */
export function deleteBlob(request: BlobRequest): Reply {
  const mode = header(request, "x-ms-delete-snapshots")?.toLowerCase();
  if (mode !== undefined && mode !== "include" && mode !== "only") throw invalidHeader("x-ms-delete-snapshots", mode);
  if (request.call.query.has("snapshot")) {
    if (mode !== undefined) throw invalidHeader("x-ms-delete-snapshots", mode);
    return deleteSnapshots(request, [requireBlobOrSnapshot(request)]);
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
  keepDeleted(request, blob);
  blobsOf(request).remove(request.blob);
  return deleted(request);
}

function deleted({ account }: BlobRequest): Reply {
  const isPermanent = retentionDays(account) === undefined;
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
