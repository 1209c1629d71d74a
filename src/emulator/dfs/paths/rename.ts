/** Path - Create with `x-ms-rename-source`: a file, or a directory with everything in it, moves atomically. */
import { authorize } from "../../blob/auth/authorize.ts";
import { blobsOf } from "../../blob/blobs/find.ts";
import { requireContainer } from "../../blob/containers/find.ts";
import { checkSourceConditions } from "../../blob/http/conditions.ts";
import { versionHeaders } from "../../blob/http/headers.ts";
import { blobsBelow, requireOpenWay } from "../../blob/namespace/directories.ts";
import { parentOf } from "../../blob/namespace/names.ts";
import type { Reply } from "../../http/call.ts";
import { invalidQuery, StorageError } from "../../storage/errors.ts";
import { header } from "../../storage/headers.ts";
import { checkLease } from "../../storage/lease.ts";
import { requireMutable } from "../../storage/protection.ts";
import type { Blob } from "../../storage/store/blob-record.ts";
import { newEtag } from "../../storage/times.ts";
import { DfsError } from "../errors.ts";
import { type DfsRequest, parseDfsAddress, refuse, requiredHeader, requireNoBody } from "../request.ts";
import { DFS_RIGHTS } from "../rights.ts";
import { openDestination } from "./create.ts";

/**
 * 201. The reference names two modes, the SDKs' `legacy` and `posix`, and no difference between them: both do the same
 * here. The moved file keeps its creation time and gets a new ETag and time, as blobfuse2 expects.
 */
export function renamePath(request: DfsRequest): Reply {
  const mode = request.call.query.get("mode")?.toLowerCase() ?? "posix";
  if (mode !== "posix" && mode !== "legacy") throw invalidQuery("mode", mode);
  refuse(request, { headers: ["x-ms-properties"] });
  requireNoBody(request);
  if (request.blob === "") throw new StorageError("InvalidUri");
  const from = openSource(request);
  const source = blobsOf(from).find(from.blob);
  if (source === undefined) throw new DfsError("SourcePathNotFound");
  checkSource(from, source);
  requireFreeDestination(request, from, source);
  move(from, request, source);
  const moved = blobsOf(request).find(request.blob) ?? source;
  return { status: 201, headers: versionHeaders(moved) };
}

/** The source as a request of its own, after checking the caller's right to move it away. */
function openSource(request: DfsRequest): DfsRequest {
  const [path = "", signature] = requiredHeader(request, "x-ms-rename-source").split("?");
  if (!path.startsWith("/")) throw new DfsError("InvalidSourceUri");
  // A signature for the source is not evaluated: the right to move it must come from the call itself.
  if (signature !== undefined) throw new DfsError("InvalidSourceUri");
  const address = parseDfsAddress(request.account, path);
  if (address.blob === "") throw new DfsError("InvalidSourceUri");
  const from: DfsRequest = { ...request, ...address };
  requireReach(request, from);
  authorize(from, DFS_RIGHTS.movePath);
  return from;
}

/**
 * A signature was checked for the destination: only one for the whole filesystem, or the account, reaches the source.
 */
function requireReach({ caller, call, container }: DfsRequest, from: DfsRequest): void {
  if (caller.kind !== "sas" || caller.sas.kind === "account") return;
  if (call.query.get("sr") === "c" && from.container === container) return;
  throw new StorageError("AuthorizationPermissionMismatch");
}

function checkSource(from: DfsRequest, source: Blob): void {
  checkSourceConditions(from, source);
  const leaseId = header(from, "x-ms-source-lease-id");
  const headers = { "x-ms-lease-id": leaseId };
  checkLease({ ...from, call: { ...from.call, headers } }, source.lease, "Blob", true);
  const container = requireContainer(from);
  for (const each of [source, ...below(from, source)]) requireMutable(container, each, from.now);
}

/** The destination must be absent, a file for a file, or an empty directory for a directory; its parent must exist. */
function requireFreeDestination(request: DfsRequest, from: DfsRequest, source: Blob): void {
  const isSameFilesystem = request.container === from.container;
  const isInside = request.blob === from.blob || request.blob.startsWith(`${from.blob}/`);
  if (isSameFilesystem && isInside && (source.isDirectory === true || request.blob !== from.blob)) {
    throw new DfsError("InvalidRenameSourcePath");
  }
  requireOpenWay(request);
  const blobs = blobsOf(request);
  const parent = parentOf(request.blob);
  if (parent !== "" && blobs.find(parent) === undefined) throw new DfsError("RenameDestinationParentPathNotFound");
  const existing = openDestination(request);
  if (existing === undefined) return;
  if ((existing.isDirectory === true) !== (source.isDirectory === true)) {
    throw new DfsError("InvalidSourceOrDestinationResourceType");
  }
  if (below(request, existing).length > 0) throw new DfsError("DirectoryNotEmpty");
}

function below(request: DfsRequest, blob: Blob): Blob[] {
  return blob.isDirectory === true ? [...blobsBelow(blobsOf(request), blob.name)] : [];
}

/** Everything has been checked: nothing throws from here on. */
function move(from: DfsRequest, to: DfsRequest, source: Blob): void {
  const [taken, given] = [blobsOf(from), blobsOf(to)];
  const children = below(from, source);
  const renamed = { ...source, name: to.blob, lastModified: to.now, etag: newEtag(to.now) };
  if (taken === given && from.blob === to.blob) return;
  const moves = [renamed, ...children.map((each) => ({ ...each, name: to.blob + each.name.slice(from.blob.length) }))];
  for (const [index, { name }] of [source, ...children].entries()) {
    const moved = moves[index] ?? renamed;
    const staged = [...(taken.entry(name)?.uncommitted.values() ?? [])];
    given.put(moved);
    for (const block of staged) given.stage(moved.name, block);
    taken.remove(name);
  }
}
