/** Path - Update, setProperties, and Path - Lease. */
import { leaseBlob } from "../blob/blob-properties.ts";
import { checkConditions } from "../blob/conditions.ts";
import { requireContainer } from "../blob/container-lookup.ts";
import { versionHeaders } from "../blob/containers.ts";
import { requireMutable } from "../blob/immutability.ts";
import { checkLease, leaseAfterWrite } from "../blob/lease.ts";
import { withoutFolderMark } from "../blob/path-answer.ts";
import { newEtag } from "../blob/times.ts";
import type { Reply } from "../http.ts";
import { requirePath } from "./paths.ts";
import { type DfsRequest, readProperties, requireNoBody, sentContentHeaders } from "./request.ts";

/** 200. Content headers that are sent are set; properties that are sent replace all that were there. */
export function setPathProperties(request: DfsRequest): Reply {
  requireNoBody(request);
  const properties = readProperties(request);
  const blob = requirePath(request);
  checkConditions(request, blob, "write");
  checkLease(request, blob.lease, "Blob", true);
  requireMutable(requireContainer(request), blob, request.now);
  if (properties !== undefined) blob.metadata = withoutFolderMark(properties);
  blob.content = { ...blob.content, ...sentContentHeaders(request) };
  blob.etag = newEtag(request.now);
  blob.lastModified = request.now;
  blob.lease = leaseAfterWrite(blob.lease, request.now);
  return { status: 200, headers: versionHeaders(blob) };
}

/** Path - Lease: the same lease as Blob's, and the same answers. */
export function leasePath(request: DfsRequest): Reply {
  requirePath(request);
  return leaseBlob(request);
}
