/** What an answer says of a blob: its headers. */

import { leaseHeaders } from "../../storage/lease.ts";
import type { Blob } from "../../storage/store/blob-record.ts";
import { httpTime } from "../../storage/times.ts";
import type { StorageAccount } from "../../world.ts";
import { versionHeaders } from "../http/headers.ts";
import { metadataAnswer } from "../http/metadata.ts";
import type { BlobRequest } from "../http/request.ts";
import { metadataOf, pathHeaders } from "../namespace/view.ts";
import { blobsOf } from "./find.ts";
import { versionIdHeader } from "./versions.ts";

/** The content headers as they were set. */
function contentHeaders({ content }: Blob): Record<string, string> {
  const pairs: readonly [string, string | undefined][] = [
    ["content-type", content.type === "" ? "application/octet-stream" : content.type],
    ["content-encoding", content.encoding],
    ["content-language", content.language],
    ["content-disposition", content.disposition],
    ["cache-control", content.cacheControl],
    ["content-md5", content.md5],
  ];
  return Object.fromEntries(pairs.filter((pair): pair is [string, string] => pair[1] !== undefined));
}

/** The headers of Get Blob and Get Blob Properties, without the length. */
export function blobHeaders(request: BlobRequest, blob: Blob): Record<string, string> {
  return {
    ...contentHeaders(blob),
    ...versionHeaders(blob),
    ...versionIds(request, blob),
    ...metadataAnswer(metadataOf(blob)),
    ...pathHeaders(request, blob),
    ...(blob.snapshot === undefined ? leaseHeaders(blob.lease, request.now) : {}),
    ...tagCount(blob),
    ...copyHeaders(blob),
    "accept-ranges": "bytes",
    "x-ms-blob-type": blob.type,
    "x-ms-creation-time": httpTime(blob.createdAt),
    "x-ms-server-encrypted": "true",
    ...(blob.type === "AppendBlob" ? appendHeaders(blob) : {}),
  };
}

/** The version's id, and whether it is the current one. */
function versionIds(request: BlobRequest, blob: Blob): Record<string, string> {
  const isCurrent = blob.versionId !== undefined && blobsOf(request).find(blob.name) === blob;
  return { ...versionIdHeader(blob), ...(isCurrent ? { "x-ms-is-current-version": "true" } : {}) };
}

/** The tier headers, which only Get Blob Properties has. */
export function tierHeaders(account: StorageAccount, blob: Blob): Record<string, string> {
  if (blob.type !== "BlockBlob") return {};
  const changed = blob.tierChangedAt;
  return {
    "x-ms-access-tier": accessTierOf(account, blob),
    ...(blob.tier === undefined ? { "x-ms-access-tier-inferred": "true" } : {}),
    ...(changed === undefined ? {} : { "x-ms-access-tier-change-time": httpTime(changed) }),
  };
}

/** The blob's own tier, else the account's default. */
export function accessTierOf(account: StorageAccount, blob: Blob): string {
  const standard = account.properties["accessTier"];
  return blob.tier ?? (typeof standard === "string" ? standard : "Hot");
}

function tagCount({ tags }: Blob): Record<string, string> {
  const count = Object.keys(tags).length;
  return count === 0 ? {} : { "x-ms-tag-count": String(count) };
}

function appendHeaders(blob: Blob): Record<string, string> {
  const sealed = blob.isSealed === true ? { "x-ms-blob-sealed": "true" } : {};
  return { "x-ms-blob-committed-block-count": String(blob.slices.length), ...sealed };
}

function copyHeaders({ copy }: Blob): Record<string, string> {
  if (copy === undefined) return {};
  return {
    "x-ms-copy-id": copy.id,
    "x-ms-copy-source": copy.source,
    "x-ms-copy-status": copy.status,
    "x-ms-copy-progress": `${copy.bytes}/${copy.bytes}`,
    "x-ms-copy-completion-time": httpTime(copy.completedAt),
  };
}
