/** Path - Update, setProperties, and Path - Lease. */
import { leaseBlob } from "../../blob/blobs/properties.ts";
import { afterWrite } from "../../blob/blobs/write.ts";
import { requireContainer } from "../../blob/containers/find.ts";
import { checkConditions } from "../../blob/http/conditions.ts";
import { versionHeaders } from "../../blob/http/headers.ts";
import { withoutFolderMark } from "../../blob/namespace/view.ts";
import type { Reply } from "../../http/call.ts";
import { checkLease } from "../../storage/lease.ts";
import { requireMutable } from "../../storage/protection.ts";
import { type DfsRequest, readProperties, requireNoBody, sentContentHeaders } from "../request.ts";
import { requirePath } from "./find.ts";

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
  return { status: 200, headers: versionHeaders(Object.assign(blob, afterWrite(blob, request.now))) };
}

/** Path - Lease: the same lease as Blob's, and the same answers. */
export function leasePath(request: DfsRequest): Reply {
  requirePath(request);
  return leaseBlob(request);
}
