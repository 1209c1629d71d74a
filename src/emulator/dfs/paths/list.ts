/** Path - List: everything below a directory, or only its direct children, page by page. */

import { blobsOf } from "../../blob/blobs/find.ts";
import { writeMarker } from "../../blob/http/paging.ts";
import { permissionsOf } from "../../blob/namespace/acl.ts";
import { blobsBelow } from "../../blob/namespace/directories.ts";
import { nameIn } from "../../blob/namespace/names.ts";
import { accessOf } from "../../blob/namespace/view.ts";
import type { Reply } from "../../http/call.ts";
import { StorageError } from "../../storage/errors.ts";
import type { Blob } from "../../storage/store/blob-record.ts";
import { httpTime } from "../../storage/times.ts";
import { DfsError } from "../errors.ts";
import { booleanQuery, type DfsRequest, pageSizeQuery, readContinuation, refuse } from "../request.ts";

const PAGE_SIZE = 5000;
/** Ticks of 100 ns from 1601 to 1970: a creation time is a Windows file time. */
const FILE_TIME_EPOCH = 116_444_736_000_000_000n;

/** 200 with the paths as JSON, every value a string; `x-ms-continuation` when there are more. */
export function listPaths(request: DfsRequest): Reply {
  refuse(request, { query: ["beginFrom", "showonly"] });
  const recursive = booleanQuery(request, "recursive");
  if (recursive === undefined) {
    throw new StorageError("MissingRequiredQueryParameter", { details: { QueryParameterName: "recursive" } });
  }
  booleanQuery(request, "upn"); // owners here are service principals, whose ids stay ids
  const size = pageSizeQuery(request, "maxResults", PAGE_SIZE);
  const from = readContinuation(request);
  const directory = requireDirectory(request);
  const found = [...blobsBelow(blobsOf(request), directory)]
    .filter(({ name }) => recursive || !name.includes("/", directory === "" ? 0 : directory.length + 1))
    .map((blob) => ({ blob, key: sortKey(blob.name) }))
    .filter(({ key }) => key >= from)
    .sort((one, other) => (one.key < other.key ? -1 : 1));
  const next = found[size];
  const headers: Record<string, string> = next === undefined ? {} : { "x-ms-continuation": writeMarker(next.key) };
  const body = { paths: found.slice(0, size).map(({ blob }) => pathView(blob)) };
  return { status: 200, headers: { ...headers, "content-type": "application/json;charset=utf-8" }, body };
}

/** "An error occurs if the directory does not exist"; a file is not one. */
function requireDirectory(request: DfsRequest): string {
  const blobs = blobsOf(request);
  const asked = (request.call.query.get("directory") ?? "").replace(/^\/+|\/+$/g, "");
  const name = nameIn(request.account, asked);
  if (name === "" || blobs.find(name)?.isDirectory === true) return name;
  throw new DfsError("PathNotFound");
}

/** The contents of a directory follow it, before its siblings. */
function sortKey(name: string): string {
  return name.replaceAll("/", "\u0001");
}

function pathView(blob: Blob): Record<string, string> {
  const access = accessOf(blob);
  return {
    contentLength: String(blob.size),
    creationTime: String(BigInt(Math.trunc(blob.createdAt)) * 10_000n + FILE_TIME_EPOCH),
    etag: blob.etag.replaceAll('"', ""),
    group: access.group,
    ...(blob.isDirectory === true ? { isDirectory: "true" } : {}),
    lastModified: httpTime(blob.lastModified),
    name: blob.name,
    owner: access.owner,
    permissions: permissionsOf(access),
  };
}
