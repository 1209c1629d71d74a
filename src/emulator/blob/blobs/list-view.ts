/** One `<Blob>` of a listing. */

import { leaseView } from "../../storage/lease.ts";
import type { Blob } from "../../storage/store/blob-record.ts";
import { httpTime } from "../../storage/times.ts";
import { metadataXml } from "../http/paging.ts";
import type { BlobRequest } from "../http/request.ts";
import { FIRST_PERMISSIONS_VERSION } from "../http/versions.ts";
import { element, optionalElement } from "../http/xml.ts";
import { metadataOf, pathXml } from "../namespace/view.ts";
import { tagsXml } from "../tags/tags.ts";
import { remainingDays } from "./soft-delete.ts";
import { accessTierOf } from "./view.ts";

/** A name that XML cannot contain is percent-encoded and marked as such ("List Blobs", blob name encoding). */
export function nameXml(name: string): string {
  const isPlain = /^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u.test(name);
  return isPlain ? element("Name", name) : `<Name Encoded="true">${encodeURIComponent(name)}</Name>`;
}

/** A line of a listing: a blob, or one of its snapshots or versions. */
export interface ListedBlob {
  readonly blob: Blob;
  readonly isCurrent: boolean;
  /** For a name that has only previous versions: `deletedwithversions`. */
  readonly hasVersionsOnly?: boolean;
}

/** A blob, snapshot or version, with what `include` asks for. ETags are without quotes in this listing. */
export function blobXml(request: BlobRequest, listed: ListedBlob, include: ReadonlySet<string>): string {
  const { blob } = listed;
  const metadata = include.has("metadata") ? metadataXml(metadataOf(blob)) : "";
  const tags = include.has("tags") && Object.keys(blob.tags).length > 0 ? tagsXml(blob.tags) : "";
  const properties = propertiesXml(request, blob, include);
  if (blob.deletedAt !== undefined) {
    properties.push(element("DeletedTime", httpTime(blob.deletedAt)));
    properties.push(element("RemainingRetentionDays", remainingDays(blob, request.now)));
  }
  const snapshot = optionalElement("Snapshot", blob.snapshot);
  const deleted = optionalElement("Deleted", blob.deletedAt === undefined ? undefined : true);
  return `<Blob>${nameXml(blob.name)}${deleted}${snapshot}${versionXml(listed)}<Properties>${properties.join("")}</Properties>${metadata}${tags}<OrMetadata /></Blob>`;
}

function versionXml({ blob, isCurrent, hasVersionsOnly = false }: ListedBlob): string {
  if (hasVersionsOnly) return element("HasVersionsOnly", true);
  if (blob.versionId === undefined) return "";
  return element("VersionId", blob.versionId) + (isCurrent ? element("IsCurrentVersion", true) : "");
}

/** A directory in a delimited list of a hierarchical account: its name with a slash, and its properties. */
export function directoryXml(request: BlobRequest, blob: Blob, include: ReadonlySet<string>): string {
  const properties = request.version < FIRST_PERMISSIONS_VERSION ? [] : propertiesXml(request, blob, include);
  const inner = properties.length === 0 ? "" : `<Properties>${properties.join("")}</Properties>`;
  return `<BlobPrefix>${nameXml(`${blob.name}/`)}${inner}</BlobPrefix>`;
}

function propertiesXml(request: BlobRequest, blob: Blob, include: ReadonlySet<string>): string[] {
  const [created = "", modified = "", etag = "", ...content] = contentXml(blob);
  const head = [created, modified, etag, ...pathXml(request, blob, include)];
  return [...head, ...content, ...stateXml(request, blob), ...(include.has("copy") ? copyXml(blob) : [])];
}

/** A name under which there are only uncommitted blocks: a blob of length 0. */
export function uncommittedXml(name: string, now: number): string {
  const properties = [
    element("Last-Modified", httpTime(now)),
    "<Etag />",
    element("Content-Length", 0),
    element("Content-Type", "application/octet-stream"),
    element("BlobType", "BlockBlob"),
  ];
  return `<Blob>${nameXml(name)}<Properties>${properties.join("")}</Properties></Blob>`;
}

function contentXml(blob: Blob): string[] {
  const { content } = blob;
  return [
    element("Creation-Time", httpTime(blob.createdAt)),
    element("Last-Modified", httpTime(blob.lastModified)),
    element("Etag", blob.etag.replaceAll('"', "")),
    element("Content-Length", blob.size),
    element("Content-Type", content.type),
    element("Content-Encoding", content.encoding ?? ""),
    element("Content-Language", content.language ?? ""),
    element("Content-CRC64", ""),
    element("Content-MD5", content.md5 ?? ""),
    element("Cache-Control", content.cacheControl ?? ""),
    element("Content-Disposition", content.disposition ?? ""),
    element("BlobType", blob.type),
  ];
}

function stateXml({ account, now }: BlobRequest, blob: Blob): string[] {
  const lease = leaseView(blob.lease, now);
  const isBlock = blob.type === "BlockBlob";
  const isCurrent = blob.snapshot === undefined;
  const tagCount = Object.keys(blob.tags).length;
  return [
    optionalElement("AccessTier", isBlock ? accessTierOf(account, blob) : undefined),
    optionalElement("AccessTierInferred", isBlock && blob.tier === undefined ? true : undefined),
    optionalElement(
      "AccessTierChangeTime",
      blob.tierChangedAt === undefined ? undefined : httpTime(blob.tierChangedAt),
    ),
    optionalElement("LeaseStatus", isCurrent ? lease.status : undefined),
    optionalElement("LeaseState", isCurrent ? lease.state : undefined),
    optionalElement("LeaseDuration", isCurrent ? lease.duration : undefined),
    element("ServerEncrypted", true),
    optionalElement("TagCount", tagCount === 0 ? undefined : tagCount),
    optionalElement("Sealed", blob.isSealed === true ? true : undefined),
  ];
}

function copyXml({ copy }: Blob): string[] {
  if (copy === undefined) return [];
  return [
    element("CopyId", copy.id),
    element("CopySource", copy.source),
    element("CopyStatus", copy.status),
    element("CopyProgress", `${copy.bytes}/${copy.bytes}`),
    element("CopyCompletionTime", httpTime(copy.completedAt)),
  ];
}
