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

/** The blob, or the snapshot or version that the query names. */
export function requireSelected(request: BlobRequest): Blob {
  const found = findSelected(request, blobsOf(request));
  if (found === undefined) throw new StorageError("BlobNotFound");
  return found;
}

/** The same among the blobs of a container; 400 for an id that is not a time, and for a snapshot and a version at once. */
export function findSelected({ call, blob }: BlobRequest, blobs: ContainerBlobs): Blob | undefined {
  const [snapshot, version] = [readTimeId(call.query, "snapshot"), readTimeId(call.query, "versionid")];
  if (snapshot !== undefined && version !== undefined) throw invalidQuery("versionid", version);
  const entry = blobs.entry(blob);
  if (snapshot !== undefined) return entry?.snapshots.find((each) => each.snapshot === snapshot);
  if (version === undefined || version === entry?.blob?.versionId) return entry?.blob;
  return entry?.versions.find(({ versionId }) => versionId === version);
}

function readTimeId(query: URLSearchParams, name: "snapshot" | "versionid"): string | undefined {
  const value = query.get(name) ?? undefined;
  if (value !== undefined && Number.isNaN(Date.parse(value))) throw invalidQuery(name, value);
  return value;
}
