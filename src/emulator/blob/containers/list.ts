/** List Containers (`GET /?comp=list`): in the order of their names, page by page. */

import type { Reply } from "../../http/call.ts";
import { liveContainers } from "../../storage/containers.ts";
import { deletedContainers, remainingDays } from "../../storage/deleted-containers.ts";
import { leaseView } from "../../storage/lease.ts";
import { httpTime } from "../../storage/times.ts";
import type { BlobContainer, DeletedContainer } from "../../world.ts";
import {
  listingReply,
  metadataXml,
  readInclude,
  readMarker,
  readPageSize,
  serviceEndpoint,
  writeMarker,
} from "../http/paging.ts";
import type { BlobRequest } from "../http/request.ts";
import { element, optionalElement } from "../http/xml.ts";

const INCLUDES = ["metadata", "deleted", "system"];

export function listContainers(request: BlobRequest): Reply {
  const { call, services, account } = request;
  const size = readPageSize(call.query);
  const include = readInclude(call.query, INCLUDES);
  const from = readMarker(call.query) ?? "";
  const prefix = call.query.get("prefix") ?? "";
  const deleted = include.has("deleted") ? deletedContainers(services, account) : [];
  const found = [...liveContainers(services.world, account), ...deleted]
    .filter(({ name }) => name.startsWith(prefix))
    .filter((container) => keyOf(container) >= from)
    .filter(({ name }) => !name.startsWith("$") || include.has("system") || prefix.startsWith("$"))
    .sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
  const next = found[size];
  return listingReply(request, {
    attributes: { ServiceEndpoint: serviceEndpoint(request) },
    holder: "Containers",
    items: found.slice(0, size).map((container) => containerXml(container, request.now, include.has("metadata"))),
    nextMarker: next === undefined ? "" : writeMarker(keyOf(next)),
  });
}

/** A deleted container follows the one that has its name now. */
function keyOf(container: BlobContainer | DeletedContainer): string {
  return "version" in container ? `${container.name}\u0000${container.version}` : container.name;
}

function containerXml(container: BlobContainer | DeletedContainer, now: number, withMetadata: boolean): string {
  const lease = leaseView(container.lease, now);
  const properties = [
    element("Last-Modified", httpTime(container.lastModified)),
    element("Etag", container.etag),
    element("LeaseStatus", lease.status),
    element("LeaseState", lease.state),
    optionalElement("LeaseDuration", lease.duration),
    optionalElement(
      "PublicAccess",
      container.publicAccess === "None" ? undefined : container.publicAccess.toLowerCase(),
    ),
    element("DefaultEncryptionScope", "$account-encryption-key"),
    element("DenyEncryptionScopeOverride", false),
    element("HasImmutabilityPolicy", container.immutabilityPolicy !== undefined),
    element("HasLegalHold", container.hasLegalHold),
    element("ImmutableStorageWithVersioningEnabled", false),
  ];
  const isDeleted = "version" in container;
  if (isDeleted) {
    properties.push(element("DeletedTime", httpTime(container.deletedAt)));
    properties.push(element("RemainingRetentionDays", remainingDays(container, now)));
  }
  const deletion = isDeleted ? element("Deleted", true) + element("Version", container.version) : "";
  const metadata = withMetadata ? metadataXml(container.metadata) : "";
  return `<Container>${element("Name", container.name)}${deletion}<Properties>${properties.join("")}</Properties>${metadata}</Container>`;
}
