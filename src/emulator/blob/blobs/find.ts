/** Finds the blob that a call is for. */
import { invalidQuery, StorageError } from "../../storage/errors.ts";
import type { Blob } from "../../storage/store/blob-record.ts";
import type { ContainerBlobs } from "../../storage/store/container-blobs.ts";
import { requireContainer } from "../containers/find.ts";
import type { BlobRequest } from "../http/request.ts";

/** The blobs of the request's container; 404 ContainerNotFound. */
export function blobsOf(request: BlobRequest): ContainerBlobs {
  return request.services.blobs.blobsOf(requireContainer(request).uid);
}

/** The blob itself; 404 BlobNotFound. */
export function requireBlob(request: BlobRequest): Blob {
  const blob = blobsOf(request).find(request.blob);
  if (blob === undefined) throw new StorageError("BlobNotFound");
  return blob;
}

/** The blob, or the snapshot that the query names. */
export function requireBlobOrSnapshot(request: BlobRequest): Blob {
  const wanted = request.call.query.get("snapshot");
  if (request.call.query.has("versionid")) {
    throw invalidQuery("versionid", request.call.query.get("versionid"), "Blob versioning is not enabled.");
  }
  if (wanted === null) return requireBlob(request);
  if (Number.isNaN(Date.parse(wanted))) throw invalidQuery("snapshot", wanted);
  const snapshot = blobsOf(request)
    .entry(request.blob)
    ?.snapshots.find((each) => each.snapshot === wanted);
  if (snapshot === undefined) throw new StorageError("BlobNotFound");
  return snapshot;
}
