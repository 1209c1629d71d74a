/** Path - Delete: a file, an empty directory, or with `recursive=true` a directory and all that it holds. */
import { blobsOf } from "../blob/blob-answer.ts";
import { checkConditions } from "../blob/conditions.ts";
import { requireContainer } from "../blob/container-lookup.ts";
import { blobsBelow } from "../blob/directories.ts";
import { BlobError } from "../blob/errors.ts";
import { requireMutable } from "../blob/immutability.ts";
import { checkLease } from "../blob/lease.ts";
import { keepDeleted } from "../blob/soft-delete.ts";
import type { Reply } from "../http.ts";
import { DfsError } from "./errors.ts";
import { requirePath } from "./paths.ts";
import { booleanQuery, type DfsRequest } from "./request.ts";

/** 200. All of it goes in one call, so that there is never a continuation. */
export function deletePath(request: DfsRequest): Reply {
  const recursive = booleanQuery(request, "recursive") ?? false;
  booleanQuery(request, "paginated");
  if (request.blob === "") throw new BlobError("InvalidUri");
  const blobs = blobsOf(request);
  const path = requirePath(request);
  checkConditions(request, path, "write");
  checkLease(request, path.lease, "Blob", true);
  const below = path.isDirectory === true ? [...blobsBelow(blobs, path.name)] : [];
  if (below.length > 0 && !recursive) throw new DfsError("DirectoryNotEmpty");
  const container = requireContainer(request);
  for (const each of [path, ...below]) requireMutable(container, each, request.now);
  for (const each of [path, ...below]) {
    if (each.isDirectory !== true) keepDeleted(request, each);
    blobs.remove(each.name);
  }
  return { status: 200 };
}
