/**
 * Copies within the emulator: Copy Blob, Copy Blob From URL, Put Blob From URL, Put Block From URL, Abort Copy Blob.
 */
import { randomUUID } from "node:crypto";
import type { Reply } from "../../http/call.ts";
import { invalidHeader, StorageError } from "../../storage/errors.ts";
import { header } from "../../storage/headers.ts";
import type { Blob, CopyState } from "../../storage/store/blob-record.ts";
import type { Slice, StoredBody } from "../../storage/store/bodies.ts";
import { versionHeaders } from "../http/headers.ts";
import { hasMetadata } from "../http/metadata.ts";
import type { BlobRequest } from "../http/request.ts";
import { checkStaging, readBlockId, stage } from "./blocks.ts";
import { type CopySource, openCopySource } from "./copy-source.ts";
import { blobsOf } from "./find.ts";
import { cut } from "./read.ts";
import { versionIdHeader } from "./versions.ts";
import { checkOverwrite, commitBlob, created, type Draft, readDraft } from "./write.ts";

/** "synchronously for source blob sizes up to 256 mebibytes" ("Copy Blob From URL"). */
const SYNC_LIMIT_BYTES = 256 * 1024 * 1024;

/** Copy Blob and, with `x-ms-requires-sync: true`, Copy Blob From URL: 202. The copy is done when it is answered. */
export async function copyBlob(request: BlobRequest): Promise<Reply> {
  checkOverwrite(request);
  const sync = header(request, "x-ms-requires-sync")?.toLowerCase();
  if (sync !== undefined && sync !== "true" && sync !== "false") throw invalidHeader("x-ms-requires-sync", sync);
  const isSync = sync === "true";
  const source = await openCopySource(request, isSync ? "own" : "caller");
  if (isSync && source.blob.size > SYNC_LIMIT_BYTES) throw new StorageError("OutOfRangeInput");
  if (isSync) await checkSourceSums(request, source.blob.slices);
  const draft = copyDraft(request, source.blob);
  const copy: CopyState = {
    id: randomUUID(),
    source: source.url,
    status: "success",
    bytes: source.blob.size,
    completedAt: request.services.clock.now(),
  };
  const { slices, blocks } = source.blob;
  const blob = commitBlob(request, draft, slices, { blocks, copy });
  const headers = {
    ...versionHeaders(blob),
    ...versionIdHeader(blob),
    "x-ms-copy-id": copy.id,
    "x-ms-copy-status": copy.status,
  };
  return { status: 202, headers };
}

/** Everything of the source, except metadata and tier if the request sets them. */
function copyDraft(request: BlobRequest, source: Blob): Draft {
  const own = readDraft(request, source.type);
  const copiesTags = header(request, "x-ms-copy-source-tag-option")?.toUpperCase() === "COPY";
  return {
    type: source.type,
    content: { ...source.content },
    metadata: hasMetadata(request) ? own.metadata : { ...source.metadata },
    tags: copiesTags ? { ...source.tags } : own.tags,
    tier: own.tier,
  };
}

/** Put Blob From URL: 201. Content headers come from the source, except those that the request sets. */
export async function putBlobFromUrl(request: BlobRequest): Promise<Reply> {
  const own = readDraft(request, "BlockBlob");
  checkOverwrite(request);
  const { blob: source } = await openCopySource(request, "own");
  await checkSourceSums(request, source.slices);
  const keepsProperties = header(request, "x-ms-copy-source-blob-properties")?.toLowerCase() !== "false";
  const content = keepsProperties ? { ...source.content, ...definedOnly(request, own) } : own.content;
  const copiesTags = header(request, "x-ms-copy-source-tag-option")?.toUpperCase() === "COPY";
  const draft = { ...own, content, tags: copiesTags ? { ...source.tags } : own.tags };
  const blob = commitBlob(request, draft, source.slices);
  return created(blob, blob.content.md5 === undefined ? {} : { "content-md5": blob.content.md5 });
}

/** The request's content headers without the type that is only a default. */
function definedOnly(request: BlobRequest, { content }: Draft): Partial<Draft["content"]> {
  const { type, ...others } = content;
  return header(request, "x-ms-blob-content-type") === undefined ? others : { type, ...others };
}

/** 400 unless the source, or the part of it that is copied, has the checksums that the request names. */
async function checkSourceSums(request: BlobRequest, slices: readonly Slice[]): Promise<void> {
  const names = ["x-ms-source-content-md5", "x-ms-source-content-crc64"];
  if (names.every((name) => header(request, name) === undefined)) return;
  const body = await onlySlice(request, slices);
  request.services.blobs.release(body);
  requireSums(request, body);
}

function requireSums(request: BlobRequest, { md5, crc64 }: Pick<StoredBody, "md5" | "crc64">): void {
  const sentMd5 = header(request, "x-ms-source-content-md5");
  if (sentMd5 !== undefined && sentMd5 !== md5) {
    throw new StorageError("Md5Mismatch", { details: { UserSpecifiedMd5: sentMd5, ServerCalculatedMd5: md5 } });
  }
  const sentCrc = header(request, "x-ms-source-content-crc64");
  if (sentCrc === undefined || sentCrc === crc64) return;
  throw new StorageError("Crc64Mismatch", { details: { UserSpecifiedCrc: sentCrc, ServerCalculatedCrc: crc64 } });
}

/** Put Block From URL: 201; the block is the source or, with `x-ms-source-range`, a part of it. */
export async function putBlockFromUrl(request: BlobRequest): Promise<Reply> {
  const id = readBlockId(request);
  checkStaging(request, id);
  const { blob } = await openCopySource(request, "own");
  const body = await onlySlice(request, sourceSlices(request, blob));
  try {
    requireSums(request, body);
    stage(request, { id, slice: { body, offset: 0, length: body.size } });
    return { status: 201, headers: { "content-md5": body.md5, "x-ms-request-server-encrypted": "true" } };
  } finally {
    request.services.blobs.release(body);
  }
}

function sourceSlices(request: BlobRequest, source: CopySource["blob"]): readonly Slice[] {
  const value = header(request, "x-ms-source-range");
  if (value === undefined) return source.slices;
  const match = /^bytes=(\d{1,15})-(\d{1,15})?$/.exec(value);
  const start = Number(match?.[1]);
  const end = match?.[2] === undefined ? source.size : Math.min(Number(match[2]) + 1, source.size);
  if (match === null) throw invalidHeader("x-ms-source-range", value);
  if (start >= end) throw new StorageError("InvalidRange");
  return cut(source.slices, { start, end });
}

/** A block is a single slice, so content that is spread over several bodies is copied into a new one. */
function onlySlice(request: BlobRequest, slices: readonly Slice[]) {
  const { blobs } = request.services;
  return blobs.receive(blobs.read(slices), Number.MAX_SAFE_INTEGER);
}

/** Abort Copy Blob: copies here are never pending, so it is always 409. */
export function abortCopy(request: BlobRequest): Reply {
  const action = header(request, "x-ms-copy-action");
  if (action?.toLowerCase() !== "abort") throw invalidHeader("x-ms-copy-action", action);
  if (blobsOf(request).find(request.blob) === undefined) throw new StorageError("BlobNotFound");
  throw new StorageError("NoPendingCopyOperation");
}
