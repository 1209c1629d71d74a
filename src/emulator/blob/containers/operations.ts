/** Create, get, change and delete containers on the data plane (`restype=container`). */
import type { Reply } from "../../http/call.ts";
import { addContainer, isDeleted, touchContainer } from "../../storage/containers.ts";
import { deletedContainers, restoreContainer } from "../../storage/deleted-containers.ts";
import { discardContainer } from "../../storage/discard-containers.ts";
import { invalidHeader, missingHeader, StorageError } from "../../storage/errors.ts";
import { header } from "../../storage/headers.ts";
import { changeLease, checkLease, leaseHeaders } from "../../storage/lease.ts";
import { containerProtection } from "../../storage/protection.ts";
import type { BlobContainer } from "../../world.ts";
import { checkContainerConditions } from "../http/conditions.ts";
import { versionHeaders } from "../http/headers.ts";
import { metadataAnswer, readMetadata } from "../http/metadata.ts";
import type { BlobRequest } from "../http/request.ts";
import { anyContainer, currentContainer, requireContainer } from "./find.ts";
import { publicAccessHeader, readPublicAccess } from "./public-access.ts";

/** Create Container: 201, or 409 ContainerAlreadyExists / ContainerBeingDeleted. */
export function createContainer(request: BlobRequest): Reply {
  const { account, container: name, now, services } = request;
  const metadata = readMetadata(request);
  const publicAccess = readPublicAccess(request);
  const existing = anyContainer(request);
  if (existing !== undefined) {
    throw new StorageError(isDeleted(existing) ? "ContainerBeingDeleted" : "ContainerAlreadyExists");
  }
  const container = Object.assign(addContainer(services.world, account, name, now), { metadata, publicAccess });
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
  return replaceMetadata(request, container, readMetadata(request));
}

/** 200 with the new version, or what conditions and lease refuse. */
export function replaceMetadata(
  request: BlobRequest,
  container: BlobContainer,
  metadata: BlobContainer["metadata"],
): Reply {
  checkContainerConditions(request, container);
  checkLease(request, container.lease, "Container", false);
  container.metadata = metadata;
  touchContainer(container, request.now);
  return { status: 200, headers: versionHeaders(container) };
}

/** Delete Container: 202; without soft delete the blobs are deleted at once. The name is free after the configured delay. */
export function deleteContainer(request: BlobRequest): Reply {
  const container = requireContainer(request);
  checkContainerConditions(request, container);
  checkLease(request, container.lease, "Container", true);
  const protection = containerProtection(request.services, container);
  if (protection === "LegalHold") throw new StorageError("ContainerHasLegalHold");
  if (protection !== undefined) throw new StorageError("ContainerImmutableDueToPolicy");
  discardContainer(request.services, container);
  return { status: 202 };
}

/**
 * Restore Container (`comp=undelete`): 201; the soft-deleted container that the headers name is back, with its blobs and
 * metadata, under its own name. 409 when that name is in use.
 */
export function undeleteContainer(request: BlobRequest): Reply {
  const [name, version] = ["x-ms-deleted-container-name", "x-ms-deleted-container-version"].map((each) => {
    const value = header(request, each);
    if (value === undefined) throw missingHeader(each);
    return value;
  });
  if (name !== request.container) throw invalidHeader("x-ms-deleted-container-name", name);
  const wanted = deletedContainers(request.services, request.account).find(
    (each) => each.name === name && each.version.toLowerCase() === version?.toLowerCase(),
  );
  if (wanted === undefined) throw new StorageError("ContainerNotFound");
  if (currentContainer(request) !== undefined) throw new StorageError("ContainerAlreadyExists");
  return { status: 201, headers: versionHeaders(restoreContainer(request.services, wanted)) };
}

/** Lease Container. */
export function leaseContainer(request: BlobRequest): Reply {
  const container = requireContainer(request);
  checkContainerConditions(request, container);
  const { status, lease, headers } = changeLease(request, container.lease);
  container.lease = lease;
  return { status, headers: { ...versionHeaders(container), ...headers } };
}
