/** Put Blob: a block blob in one call, or a new, empty append blob. */
import type { Reply } from "../../http/call.ts";
import { isHierarchical } from "../../storage/accounts.ts";
import { invalidHeader, missingHeader, StorageError } from "../../storage/errors.ts";
import { header } from "../../storage/headers.ts";
import { checkLease, leaseAfterWrite } from "../../storage/lease.ts";
import { requireMutable } from "../../storage/protection.ts";
import type { Blob, ContentHeaders } from "../../storage/store/blob-record.ts";
import type { Part, Slice } from "../../storage/store/bodies.ts";
import { newEtag } from "../../storage/times.ts";
import { requireContainer } from "../containers/find.ts";
import { receiveContent, structuredAnswer } from "../http/body.ts";
import { checkConditions } from "../http/conditions.ts";
import { versionHeaders } from "../http/headers.ts";
import { readMetadata } from "../http/metadata.ts";
import type { BlobRequest } from "../http/request.ts";
import { putBlobLimit } from "../http/versions.ts";
import { pathOfNew, putDirectory, requireFilePath } from "../namespace/directories.ts";
import { isMarkedAsFolder } from "../namespace/view.ts";
import { parseTagHeader } from "../tags/rules.ts";
import { keepOverwritten } from "./soft-delete.ts";
import { readTier } from "./tier.ts";
import { blobsOf } from "./view.ts";

/** Put Blob: 201. The body of a block blob replaces the whole blob; conditions and lease are checked again at its end. */
export async function putBlob(request: BlobRequest): Promise<Reply> {
  const type = header(request, "x-ms-blob-type");
  if (type === undefined) throw missingHeader("x-ms-blob-type");
  if (type === "PageBlob") throw new StorageError("BlobTypeNotSupported");
  if (type !== "BlockBlob" && type !== "AppendBlob") throw invalidHeader("x-ms-blob-type", type);
  const draft = readDraft(request, type);
  if (namesDirectory(request, draft)) return created(putDirectory(request, draft.metadata), {});
  checkOverwrite(request);
  if (type === "AppendBlob") return commitAppendBlob(request, draft);
  const part = await receiveContent(request, putBlobLimit(request.version));
  try {
    return commitPart(request, draft, part);
  } finally {
    request.services.blobs.release(part);
  }
}

/** On a hierarchical account an empty blob that is marked as a folder becomes a directory. */
function namesDirectory(request: BlobRequest, { metadata }: Draft): boolean {
  const isEmpty = request.call.headers["content-length"] === "0";
  return isHierarchical(request.account) && isEmpty && isMarkedAsFolder(metadata);
}

/** What a new blob has from the request's headers, whatever its content. */
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
    tier: readTier(request, header(request, "x-ms-access-tier")),
  };
}

/**
 * The content headers of a new blob: `x-ms-blob-content-*` first, else, where the plain ones mean the content, those.
 * With an empty `fallback` only the first count (Put Block List, whose own body is XML).
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

/** Container, conditions, lease and immutability of what the write would replace. */
export function checkOverwrite(request: BlobRequest): Blob | undefined {
  const existing = blobsOf(request).find(request.blob);
  if (request.call.query.has("snapshot")) throw new StorageError("InvalidOperation");
  checkConditions(request, existing, "write");
  // A lease id in a request for a blob that is not there has nothing to match.
  checkLease(request, existing?.lease ?? { state: "available" }, "Blob", true);
  requireMutable(requireContainer(request), existing, request.now);
  requireFilePath(request);
  return existing;
}

function commitPart(request: BlobRequest, draft: Draft, part: Part): Reply {
  const expected = draft.content.md5;
  if (expected !== undefined && expected !== part.md5) {
    throw new StorageError("Md5Mismatch", { details: { UserSpecifiedMd5: expected, ServerCalculatedMd5: part.md5 } });
  }
  // Put Blob is the one call for which the service stores the MD5 that it computed.
  const content = { ...draft.content, md5: part.md5 };
  const blob = commitBlob(request, { ...draft, content }, [{ part, offset: 0, length: part.size }]);
  const checks = { "content-md5": part.md5, "x-ms-content-crc64": part.crc64 };
  return created(blob, { ...checks, ...structuredAnswer(request) });
}

function commitAppendBlob(request: BlobRequest, draft: Draft): Reply {
  if (request.call.headers["content-length"] !== "0" && request.call.headers["transfer-encoding"] === undefined) {
    throw invalidHeader("Content-Length", request.call.headers["content-length"]);
  }
  return created(commitBlob(request, draft, []), {});
}

/** Puts the new blob in place, after a last look at what is there now. Lease and creation time stay the old ones. */
export function commitBlob(
  request: BlobRequest,
  draft: Draft,
  slices: readonly Slice[],
  extra: Partial<Blob> = {},
): Blob {
  const existing = checkOverwrite(request);
  const path = pathOfNew(request);
  const now = request.services.clock.now();
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
    ...extra,
  };
  keepOverwritten(request, existing);
  blobsOf(request).put(blob);
  return blob;
}

/** 201 with ETag and time. */
export function created(blob: Blob, headers: Record<string, string>): Reply {
  return { status: 201, headers: { ...versionHeaders(blob), "x-ms-request-server-encrypted": "true", ...headers } };
}
