/**
 * Set Blob Properties, Get and Set Blob Metadata, Lease Blob, Snapshot Blob: everything that changes a blob except its
 * content.
 */
import type { Reply } from "../../http/call.ts";
import { invalidHeader } from "../../storage/errors.ts";
import { header } from "../../storage/headers.ts";
import { changeLease, checkLease } from "../../storage/lease.ts";
import { requireMutable } from "../../storage/protection.ts";
import type { Blob } from "../../storage/store/blob-record.ts";
import { newEtag, newSnapshotId } from "../../storage/times.ts";
import { requireContainer } from "../containers/find.ts";
import { checkConditions } from "../http/conditions.ts";
import { versionHeaders } from "../http/headers.ts";
import { hasMetadata, metadataAnswer, readMetadata } from "../http/metadata.ts";
import type { BlobRequest } from "../http/request.ts";
import { metadataOf, withoutFolderMark } from "../namespace/view.ts";
import { blobsOf, requireBlob, requireSelected } from "./find.ts";
import { startVersion, versionIdHeader } from "./versions.ts";
import { afterWrite, readContentHeaders } from "./write.ts";

/** Set Blob Properties: all content headers at once; one that is not sent is cleared. */
export function setBlobProperties(request: BlobRequest): Reply {
  if (header(request, "x-ms-blob-content-length") !== undefined) {
    throw invalidHeader("x-ms-blob-content-length", header(request, "x-ms-blob-content-length"));
  }
  const content = readContentHeaders(request, "");
  const blob = openForChange(request);
  blob.content = content;
  return { status: 200, headers: touch(request, blob) };
}

/** Get Blob Metadata: GET or HEAD, headers only. */
export function getBlobMetadata(request: BlobRequest): Reply {
  const blob = requireSelected(request);
  checkLease(request, blob.lease, "Blob", false);
  checkConditions(request, blob, "read");
  return { status: 200, headers: { ...versionHeaders(blob), ...metadataAnswer(metadataOf(blob)) } };
}

/** Set Blob Metadata: replaces all of it. */
export function setBlobMetadata(request: BlobRequest): Reply {
  const metadata = readMetadata(request);
  const blob = openForChange(request);
  startVersion(request, blob);
  blob.metadata = blob.isDirectory === true ? withoutFolderMark(metadata) : metadata;
  return {
    status: 200,
    headers: { ...touch(request, blob), ...versionIdHeader(blob), "x-ms-request-server-encrypted": "true" },
  };
}

function openForChange(request: BlobRequest): Blob {
  const blob = requireBlob(request);
  checkConditions(request, blob, "write");
  checkLease(request, blob.lease, "Blob", true);
  requireMutable(requireContainer(request), blob, request.now);
  return blob;
}

function touch(request: BlobRequest, blob: Blob): Record<string, string> {
  return versionHeaders(Object.assign(blob, afterWrite(blob, request.now)));
}

/** Lease Blob; it leaves ETag and Last-Modified alone. */
export function leaseBlob(request: BlobRequest): Reply {
  const blob = requireBlob(request);
  checkConditions(request, blob, "write");
  const { status, lease, headers } = changeLease(request, blob.lease);
  blob.lease = lease;
  return { status, headers: { ...versionHeaders(blob), ...headers } };
}

/**
 * Snapshot Blob: 201 and the snapshot's id, a time that no other snapshot has. In an account with versioning "a new version
 * is created at the same time", and the blob becomes the next one.
 */
export function snapshotBlob(request: BlobRequest): Reply {
  const blob = requireBlob(request);
  checkConditions(request, blob, "write");
  checkLease(request, blob.lease, "Blob", false);
  const metadata = hasMetadata(request) ? readMetadata(request) : { ...blob.metadata };
  const { versionId: _, ...state } = blob;
  const snapshot: Blob = {
    ...state,
    content: { ...blob.content },
    tags: { ...blob.tags },
    metadata,
    snapshot: newSnapshotId(request.now),
    lease: { state: "available" },
    // With metadata of its own the snapshot differs from the blob.
    ...(hasMetadata(request) ? { etag: newEtag(request.now), lastModified: request.now } : {}),
  };
  blobsOf(request).addSnapshot(snapshot);
  startVersion(request, blob);
  const headers = { ...versionHeaders(snapshot), ...versionIdHeader(blob), "x-ms-snapshot": snapshot.snapshot ?? "" };
  return { status: 201, headers: { ...headers, "x-ms-request-server-encrypted": "false" } };
}
