/** Path - Read and Path - Get Properties: Blob's answers, translated to this service's headers. */

import { getBlob } from "../../blob/blobs/read.ts";
import { blobHeaders } from "../../blob/blobs/view.ts";
import { checkConditions } from "../../blob/http/conditions.ts";
import { versionHeaders } from "../../blob/http/headers.ts";
import { accessHeaders, accessOf, metadataOf, resourceTypeOf } from "../../blob/namespace/view.ts";
import type { Reply } from "../../http/call.ts";
import { StorageError } from "../../storage/errors.ts";
import { checkLease } from "../../storage/lease.ts";
import type { Blob } from "../../storage/store/blob-record.ts";
import { booleanQuery, type DfsRequest, propertiesAnswer } from "../request.ts";
import { openGuarded, requireFileAt } from "./find.ts";

/** Path - Read: 200 whole, 206 a range. */
export async function readPath(request: DfsRequest): Promise<Reply> {
  const blob = requireFileAt(request);
  const { headers = {}, ...reply } = await getBlob(request);
  return { ...reply, headers: inWordsOfPaths(headers, blob) };
}

/** Path - Get Properties: HEAD, everything; with `action=getStatus` only what the system knows of the path. */
export function getPathProperties(request: DfsRequest): Reply {
  const action = request.call.query.get("action");
  const { blob, access, etag, lastModified } = openGuarded(request);
  if (blob === undefined) {
    const version = versionHeaders({ etag, lastModified });
    return { status: 200, headers: { ...version, ...accessHeaders(access), "x-ms-resource-type": "directory" } };
  }
  checkLease(request, blob.lease, "Blob", false);
  checkConditions(request, blob, "read");
  const { "x-ms-properties": properties, ...system } = inWordsOfPaths(
    { ...blobHeaders(request, blob), "content-length": String(blob.size) },
    blob,
  );
  const own = properties === undefined || action === "getStatus" ? {} : { "x-ms-properties": properties };
  return { status: 200, headers: { ...system, ...own, ...accessHeaders(access) } };
}

/** Path - Get Properties with `action=getAccessControl`: owner, group, permissions and list. */
export function getAccessControl(request: DfsRequest): Reply {
  booleanQuery(request, "upn"); // owners here are service principals, whose ids stay ids
  const { blob, access, etag, lastModified } = openGuarded(request);
  if (blob !== undefined) {
    checkLease(request, blob.lease, "Blob", false);
    checkConditions(request, blob, "read");
  }
  const version = versionHeaders({ etag, lastModified });
  return { status: 200, headers: { ...version, ...accessHeaders(access), "x-ms-acl": access.acl } };
}

/** Path - Get Properties with `action=checkAccess`: lists are not evaluated, so it cannot be answered. */
export function checkAccess(): Reply {
  throw new StorageError("NotImplemented");
}

/** Removes headers that only Blob has; metadata becomes `x-ms-properties`. */
function inWordsOfPaths(headers: NonNullable<Reply["headers"]>, blob: Blob): Record<string, string> {
  const common = Object.entries(headers).filter(([name]) => !/^x-ms-(?:meta-|blob-|tag-|copy-|acl)/.test(name));
  const md5 = headers["x-ms-blob-content-md5"];
  return {
    ...(Object.fromEntries(common) as Record<string, string>),
    ...(typeof md5 === "string" ? { "x-ms-content-md5": md5 } : {}),
    ...propertiesAnswer(metadataOf(blob)),
    ...accessHeaders(accessOf(blob)),
    "x-ms-resource-type": resourceTypeOf(blob),
  };
}
