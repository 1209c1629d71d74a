/** Path - Create: a new file or directory. Renames, which are the same call with a source, are in `rename.ts`. */

import { authorize } from "../../blob/auth/authorize.ts";
import { blobsOf } from "../../blob/blobs/find.ts";
import { keepOverwritten } from "../../blob/blobs/soft-delete.ts";
import { requireContainer } from "../../blob/containers/find.ts";
import { checkConditions } from "../../blob/http/conditions.ts";
import { versionHeaders } from "../../blob/http/headers.ts";
import { completeAcl, parseAcl, parseMode, writeAcl } from "../../blob/namespace/acl.ts";
import { pathOfNew, requireOpenWay } from "../../blob/namespace/directories.ts";
import { accessOf, withoutFolderMark } from "../../blob/namespace/view.ts";
import type { Reply } from "../../http/call.ts";
import { invalidHeader, invalidQuery, StorageError } from "../../storage/errors.ts";
import { header } from "../../storage/headers.ts";
import { checkLease } from "../../storage/lease.ts";
import { requireMutable } from "../../storage/protection.ts";
import type { Blob } from "../../storage/store/blob-record.ts";
import { newEtag } from "../../storage/times.ts";
import type { PathAccess } from "../../world.ts";
import { DfsError } from "../errors.ts";
import { type DfsRequest, readProperties, refuse, requireNoBody, sentContentHeaders } from "../request.ts";
import { DFS_RIGHTS } from "../rights.ts";

/** Leases at creation, expiry and encryption contexts change what is created, and are not emulated. */
const NOT_EMULATED = [
  "x-ms-proposed-lease-id",
  "x-ms-lease-duration",
  "x-ms-expiry-option",
  "x-ms-expiry-time",
  "x-ms-encryption-context",
  "x-ms-undelete-source",
];

/** 201. A file is overwritten and its lease broken; an existing directory and its contents stay as they are. */
export function createPath(request: DfsRequest): Reply {
  const kind = request.call.query.get("resource")?.toLowerCase();
  if (kind !== "file" && kind !== "directory") throw invalidQuery("resource", kind ?? null);
  if (request.blob === "") throw new StorageError("InvalidUri");
  refuse(request, { headers: NOT_EMULATED });
  requireNoBody(request);
  const isDirectory = kind === "directory";
  const existing = openDestination(request);
  if (existing !== undefined && (existing.isDirectory === true) !== isDirectory) throw new DfsError("PathConflict");
  requireOpenWay(request);
  const blob = isDirectory && existing !== undefined ? touched(request, existing) : newPath(request, isDirectory);
  if (!isDirectory) keepOverwritten(request, existing);
  blobsOf(request).put({ ...blob, ...(existing === undefined ? {} : { createdAt: existing.createdAt }) });
  return { status: 201, headers: { ...versionHeaders(blob), "x-ms-request-server-encrypted": "true" } };
}

/**
 * What exists there, once conditions and lease permit replacing it. "If the destination already exists and has a lease
 * the lease is broken"; a lease id that is sent must match nevertheless.
 */
export function openDestination(request: DfsRequest): Blob | undefined {
  const existing = blobsOf(request).find(request.blob);
  checkConditions(request, existing, "write");
  if (header(request, "x-ms-lease-id") !== undefined) {
    checkLease(request, existing?.lease ?? { state: "available" }, "Blob", true);
  }
  requireMutable(requireContainer(request), existing, request.now);
  return existing;
}

function newPath(request: DfsRequest, isDirectory: boolean): Blob {
  const { now } = request;
  const metadata = withoutFolderMark(readProperties(request) ?? {});
  const type = isDirectory ? "" : "application/octet-stream";
  const asked = accessAsked(request);
  const path = pathOfNew(request, { isDirectory, ...modesOf(request) });
  const access = { ...accessOf({ ...path, isDirectory }), ...asked };
  return {
    name: request.blob,
    type: "BlockBlob",
    createdAt: now,
    lastModified: now,
    etag: newEtag(now),
    content: { type, ...sentContentHeaders(request) },
    metadata,
    tags: {},
    slices: [],
    size: 0,
    blocks: [],
    lease: { state: "available" },
    isDirectory,
    access,
    isMadeByDataLake: true,
  };
}

function touched(request: DfsRequest, existing: Blob): Blob {
  const properties = readProperties(request);
  const metadata = properties === undefined ? existing.metadata : withoutFolderMark(properties);
  return { ...existing, metadata, lastModified: request.now, etag: newEtag(request.now) };
}

/** `x-ms-permissions` and `x-ms-umask`. */
function modesOf(request: DfsRequest): { mode?: number; umask?: number } {
  const read = (name: string): number | undefined => {
    const value = header(request, name);
    const mode = value === undefined ? undefined : parseMode(value);
    if (value !== undefined && mode === undefined) throw invalidHeader(name, value);
    return mode;
  };
  const [mode, umask] = [read("x-ms-permissions"), read("x-ms-umask")];
  return { ...(mode === undefined ? {} : { mode }), ...(umask === undefined ? {} : { umask }) };
}

/** Owner, group and list that the request sets; the first two need the right to change owners. */
function accessAsked(request: DfsRequest): Partial<PathAccess> {
  const [owner, group, acl] = ["x-ms-owner", "x-ms-group", "x-ms-acl"].map((name) => header(request, name));
  if (owner !== undefined || group !== undefined) authorize(request, DFS_RIGHTS.changeOwner);
  if (acl !== undefined && header(request, "x-ms-permissions") !== undefined) throw new StorageError("InvalidInput");
  const entries = acl === undefined ? undefined : completeAcl(parseAcl(acl) ?? []);
  if (acl !== undefined && entries === undefined) throw invalidHeader("x-ms-acl", acl);
  return {
    ...(owner === undefined ? {} : { owner }),
    ...(group === undefined ? {} : { group }),
    ...(entries === undefined ? {} : { acl: writeAcl(entries) }),
  };
}
