/** What all writes of whole blobs share: reading the headers, checking what is replaced, and committing the record. */
import type { Reply } from "../../http/call.ts";
import { StorageError } from "../../storage/errors.ts";
import { header } from "../../storage/headers.ts";
import { checkLease, leaseAfterWrite } from "../../storage/lease.ts";
import { requireMutable } from "../../storage/protection.ts";
import type { Blob, ContentHeaders } from "../../storage/store/blob-record.ts";
import type { Slice } from "../../storage/store/bodies.ts";
import { newEtag } from "../../storage/times.ts";
import { requireContainer } from "../containers/find.ts";
import { checkConditions } from "../http/conditions.ts";
import { versionHeaders } from "../http/headers.ts";
import { readMetadata } from "../http/metadata.ts";
import type { BlobRequest } from "../http/request.ts";
import { pathOfNew, requireFilePath } from "../namespace/directories.ts";
import { parseTagHeader } from "../tags/tags.ts";
import { blobsOf } from "./find.ts";
import { keepOverwritten } from "./soft-delete.ts";
import { readTier } from "./tier.ts";
import { newVersion, versionIdHeader } from "./versions.ts";

/** What the request's headers say of a new blob, apart from its content. */
export interface Draft {
  readonly type: Blob["type"];
  readonly content: ContentHeaders;
  readonly metadata: Record<string, string>;
  readonly tags: Record<string, string>;
  readonly tier: string | undefined;
}

export function readDraft(request: BlobRequest, type: Blob["type"]): Draft {
  return {
    type,
    content: readContentHeaders(request, "content-"),
    metadata: readMetadata(request),
    tags: parseTagHeader(header(request, "x-ms-tags")) ?? {},
    tier: readTier(header(request, "x-ms-access-tier")),
  };
}

/**
 * The content headers of a new blob: `x-ms-blob-content-*`, else, where the plain ones describe the content, those.
 * With an empty `fallback` only the former are used (Put Block List, whose own body is XML).
 */
export function readContentHeaders(request: BlobRequest, fallback: "content-" | ""): ContentHeaders {
  const value = (name: string): string | undefined =>
    header(request, `x-ms-blob-content-${name}`) ?? (fallback === "" ? undefined : header(request, fallback + name));
  const cacheControl =
    header(request, "x-ms-blob-cache-control") ?? (fallback === "" ? undefined : header(request, "cache-control"));
  const md5 = header(request, "x-ms-blob-content-md5");
  if (md5 !== undefined && Buffer.from(md5, "base64").length !== 16) throw new StorageError("InvalidMd5");
  const optional = {
    encoding: value("encoding"),
    language: value("language"),
    disposition: header(request, "x-ms-blob-content-disposition"),
    cacheControl,
    md5,
  };
  const set = Object.fromEntries(Object.entries(optional).filter(([, text]) => text !== undefined));
  return { type: value("type") ?? "application/octet-stream", ...set };
}

/** Checks container, conditions, lease and immutability of what the write would replace. */
export function checkOverwrite(request: BlobRequest): Blob | undefined {
  const existing = blobsOf(request).find(request.blob);
  checkConditions(request, existing, "write");
  // A lease id in a request for a blob that is not there has nothing to match.
  checkLease(request, existing?.lease ?? { state: "available" }, "Blob", true);
  requireMutable(requireContainer(request), existing, request.now);
  requireFilePath(request);
  return existing;
}

/** Stores the new blob, after checking again what it replaces. Lease and creation time are kept. */
export function commitBlob(
  request: BlobRequest,
  draft: Draft,
  slices: readonly Slice[],
  extra: Partial<Blob> = {},
): Blob {
  const existing = checkOverwrite(request);
  const path = pathOfNew(request);
  const now = request.services.clock.now();
  keepOverwritten(request, existing);
  const blob: Blob = {
    name: request.blob,
    type: draft.type,
    createdAt: existing?.createdAt ?? now,
    lastModified: now,
    etag: newEtag(now),
    content: draft.content,
    metadata: draft.metadata,
    tags: draft.tags,
    slices,
    size: slices.reduce((sum, { length }) => sum + length, 0),
    blocks: [],
    lease: existing === undefined ? { state: "available" } : leaseAfterWrite(existing.lease, now),
    ...(draft.tier === undefined ? {} : { tier: draft.tier, tierChangedAt: now }),
    ...path,
    ...newVersion(request),
    ...extra,
  };
  blobsOf(request).put(blob);
  return blob;
}

/** 201 with ETag and time. */
export function created(blob: Blob, headers: Record<string, string>): Reply {
  return {
    status: 201,
    headers: { ...versionHeaders(blob), ...versionIdHeader(blob), "x-ms-request-server-encrypted": "true", ...headers },
  };
}

/** ETag, time and lease of a blob after a change. */
export function afterWrite({ lease }: Blob, now: number): Pick<Blob, "etag" | "lastModified" | "lease"> {
  return { etag: newEtag(now), lastModified: now, lease: leaseAfterWrite(lease, now) };
}
