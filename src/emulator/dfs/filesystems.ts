/** Filesystems, which are containers: create, get, change, delete, list ("Filesystem"). */
import { requireContainer } from "../blob/containers/find.ts";
import { createContainer, deleteContainer, replaceMetadata } from "../blob/containers/operations.ts";
import { versionHeaders } from "../blob/http/headers.ts";
import { writeMarker } from "../blob/http/paging.ts";
import type { Reply } from "../http/call.ts";
import { isHierarchical } from "../storage/accounts.ts";
import { liveContainers } from "../storage/containers.ts";
import { checkLease, leaseHeaders } from "../storage/lease.ts";
import { httpTime } from "../storage/times.ts";
import {
  type DfsRequest,
  pageSizeQuery,
  propertiesAnswer,
  readContinuation,
  readProperties,
  requireNoBody,
} from "./request.ts";

const PAGE_SIZE = 5000;

/** Filesystem - Create: 201. */
export function createFilesystem(request: DfsRequest): Reply {
  requireNoBody(request);
  const properties = readProperties(request) ?? {};
  const { headers, ...reply } = createContainer(request);
  requireContainer(request).metadata = properties;
  return { ...reply, headers: { ...headers, ...namespaceHeader(request) } };
}

/** Filesystem - Get Properties: HEAD. */
export function getFilesystemProperties(request: DfsRequest): Reply {
  const container = requireContainer(request);
  checkLease(request, container.lease, "Container", false);
  return {
    status: 200,
    headers: {
      ...versionHeaders(container),
      ...propertiesAnswer(container.metadata),
      ...leaseHeaders(container.lease, request.now),
      ...namespaceHeader(request),
    },
  };
}

function namespaceHeader({ account }: DfsRequest): Record<string, string> {
  return { "x-ms-namespace-enabled": String(isHierarchical(account)) };
}

/** Filesystem - Set Properties: 200; "any properties not included in the list will be removed". */
export function setFilesystemProperties(request: DfsRequest): Reply {
  requireNoBody(request);
  const container = requireContainer(request);
  return replaceMetadata(request, container, readProperties(request) ?? {});
}

/** Filesystem - Delete: 202. */
export function deleteFilesystem(request: DfsRequest): Reply {
  return deleteContainer(request);
}

/** Filesystem - List: the account's filesystems, page by page. */
export function listFilesystems(request: DfsRequest): Reply {
  const { services, account, call } = request;
  const prefix = call.query.get("prefix") ?? "";
  const from = readContinuation(request);
  const found = liveContainers(services.world, account)
    .filter(({ name }) => name.startsWith(prefix) && name >= from)
    .sort((one, other) => (one.name < other.name ? -1 : 1));
  const size = pageSizeQuery(request, "maxResults", PAGE_SIZE);
  const next = found[size];
  const filesystems = found.slice(0, size).map(({ name, etag, lastModified }) => {
    return { name, etag: etag.replaceAll('"', ""), lastModified: httpTime(lastModified) };
  });
  const headers: Record<string, string> = next === undefined ? {} : { "x-ms-continuation": writeMarker(next.name) };
  return { status: 200, headers, body: { filesystems } };
}
