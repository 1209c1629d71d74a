/** Path - Delete: a file, an empty directory, or with `recursive=true` a directory and everything in it. */

import { blobsOf } from "../../blob/blobs/find.ts";
import { keepDeleted } from "../../blob/blobs/soft-delete.ts";
import { requireContainer } from "../../blob/containers/find.ts";
import { checkConditions } from "../../blob/http/conditions.ts";
import { blobsBelow } from "../../blob/namespace/directories.ts";
import type { Reply } from "../../http/call.ts";
import { StorageError } from "../../storage/errors.ts";
import { checkLease } from "../../storage/lease.ts";
import { requireMutable } from "../../storage/protection.ts";
import { DfsError } from "../errors.ts";
import { booleanQuery, type DfsRequest } from "../request.ts";
import { requirePath } from "./find.ts";

/** 200. Everything is deleted in one call, so there is never a continuation. */
export function deletePath(request: DfsRequest): Reply {
  const recursive = booleanQuery(request, "recursive") ?? false;
  booleanQuery(request, "paginated");
  if (request.blob === "") throw new StorageError("InvalidUri");
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
