/** Create, look at, change and delete containers on the data plane (`restype=container`). */
import { randomUUID } from "node:crypto";
import type { Reply } from "../../http/call.ts";
import { BlobError, invalidHeader } from "../../storage/errors.ts";
import { changeLease, checkLease, leaseHeaders } from "../../storage/lease.ts";
import { httpTime, newEtag } from "../../storage/times.ts";
import type { BlobContainer } from "../../world.ts";
import { checkContainerConditions } from "../http/conditions.ts";
import { metadataAnswer, readMetadata } from "../http/metadata.ts";
import { type BlobRequest, header } from "../http/request.ts";
import { anyContainer, containerKey, requireContainer } from "./find.ts";

/** Create Container: 201, or 409 ContainerAlreadyExists / ContainerBeingDeleted. */
export function createContainer(request: BlobRequest): Reply {
  const { account, container: name, now, services } = request;
  const metadata = readMetadata(request);
  const publicAccess = readPublicAccess(request);
  const existing = anyContainer(request);
  if (existing !== undefined) {
    throw new BlobError(existing.deletedUntil === undefined ? "ContainerAlreadyExists" : "ContainerBeingDeleted");
  }
  const container: BlobContainer = {
    uid: randomUUID(),
    account: account.name,
    name,
    metadata,
    etag: newEtag(now),
    lastModified: now,
    lease: { state: "available" },
    publicAccess,
    hasLegalHold: false,
    legalHoldTags: [],
    createdAt: now,
  };
  services.world.containers.set(containerKey(account.name, name), container);
  return { status: 201, headers: versionHeaders(container) };
}

/** Get Container Properties, and Get Container Metadata with `comp=metadata`: GET or HEAD, headers only. */
export function getContainerProperties(request: BlobRequest): Reply {
  const container = requireContainer(request);
  checkLease(request, container.lease, "Container", false);
  return {
    status: 200,
    headers: {
      ...versionHeaders(container),
      ...metadataAnswer(container.metadata),
      ...leaseHeaders(container.lease, request.now),
      ...publicAccessHeader(container),
      "x-ms-has-immutability-policy": String(container.immutabilityPolicy !== undefined),
      "x-ms-has-legal-hold": String(container.hasLegalHold),
      "x-ms-immutable-storage-with-versioning-enabled": "false",
      "x-ms-default-encryption-scope": "$account-encryption-key",
      "x-ms-deny-encryption-scope-override": "false",
    },
  };
}

/** Get Container Metadata: what Get Container Properties answers, without the properties. */
export function getContainerMetadata(request: BlobRequest): Reply {
  const container = requireContainer(request);
  checkLease(request, container.lease, "Container", false);
  return { status: 200, headers: { ...versionHeaders(container), ...metadataAnswer(container.metadata) } };
}

/** Set Container Metadata: replaces all of it. */
export function setContainerMetadata(request: BlobRequest): Reply {
  const container = requireContainer(request);
  const metadata = readMetadata(request);
  checkContainerConditions(request, container);
  checkLease(request, container.lease, "Container", false);
  container.metadata = metadata;
  touchContainer(container, request.now);
  return { status: 200, headers: versionHeaders(container) };
}

/** Delete Container: 202; its blobs are gone at once, its name is free again after the account's delay. */
export function deleteContainer(request: BlobRequest): Reply {
  const { account, now, services } = request;
  const container = requireContainer(request);
  checkContainerConditions(request, container);
  checkLease(request, container.lease, "Container", true);
  requireDeletable(request, container);
  services.blobs.dropContainer(container.uid);
  if (services.settings.containerDeleteMs > 0) container.deletedUntil = now + services.settings.containerDeleteMs;
  else services.world.containers.delete(containerKey(account.name, container.name));
  return { status: 202 };
}

/** A legal hold, or an immutability policy over blobs, keeps a container from being deleted. */
function requireDeletable({ services }: BlobRequest, container: BlobContainer): void {
  const holdsBlobs = services.blobs.blobsOf(container.uid).names().length > 0;
  if (container.hasLegalHold) throw new BlobError("ContainerHasLegalHold");
  if (container.immutabilityPolicy !== undefined && holdsBlobs) throw new BlobError("ContainerImmutableDueToPolicy");
}

/** Lease Container. */
export function leaseContainer(request: BlobRequest): Reply {
  const container = requireContainer(request);
  checkContainerConditions(request, container);
  const { status, lease, headers } = changeLease(request, container.lease);
  container.lease = lease;
  return { status, headers: { ...versionHeaders(container), ...headers } };
}

/** ETag and Last-Modified. */
export function versionHeaders(resource: { etag: string; lastModified: number }): Record<string, string> {
  return { etag: resource.etag, "last-modified": httpTime(resource.lastModified) };
}

/** `x-ms-blob-public-access`, absent for a private container. */
export function publicAccessHeader({ publicAccess }: BlobContainer): Record<string, string> {
  return publicAccess === "None" ? {} : { "x-ms-blob-public-access": publicAccess.toLowerCase() };
}

/** Reads `x-ms-blob-public-access`; 409 PublicAccessNotPermitted when the account forbids public access. */
export function readPublicAccess(request: BlobRequest): BlobContainer["publicAccess"] {
  const value = header(request, "x-ms-blob-public-access")?.toLowerCase();
  if (value === undefined) return "None";
  if (value !== "container" && value !== "blob") throw invalidHeader("x-ms-blob-public-access", value);
  if (request.account.properties["allowBlobPublicAccess"] !== true) throw new BlobError("PublicAccessNotPermitted");
  return value === "blob" ? "Blob" : "Container";
}

/** A new ETag and time, after a change of the container itself. */
export function touchContainer(container: BlobContainer, now: number): void {
  container.etag = newEtag(now);
  container.lastModified = now;
}
