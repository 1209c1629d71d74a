/** Path - Update, append and flush: data is uploaded to positions in any order, and a flush commits it to the file. */
import { blobsOf } from "../../blob/blobs/find.ts";
import { afterWrite } from "../../blob/blobs/write.ts";
import { requireContainer } from "../../blob/containers/find.ts";
import { receiveContent, structuredAnswer } from "../../blob/http/body.ts";
import { checkConditions } from "../../blob/http/conditions.ts";
import { versionHeaders } from "../../blob/http/headers.ts";
import { putBlockLimit } from "../../blob/http/versions.ts";
import type { Reply } from "../../http/call.ts";
import { invalidHeader } from "../../storage/errors.ts";
import { header } from "../../storage/headers.ts";
import { checkLease } from "../../storage/lease.ts";
import { requireMutable } from "../../storage/protection.ts";
import { appendedId, type Blob, isAppended } from "../../storage/store/blob-record.ts";
import type { Slice } from "../../storage/store/bodies.ts";
import { DfsError } from "../errors.ts";
import { booleanQuery, type DfsRequest, positionQuery, refuse, requireNoBody, sentContentHeaders } from "../request.ts";
import { requireFileAt } from "./find.ts";

/** Leases that are acquired, renewed or released by the same call. */
const NOT_EMULATED = ["x-ms-lease-action", "x-ms-lease-duration", "x-ms-proposed-lease-id"];

/** 202. Nothing that a reader sees changes, unless the call asks for a flush as well. */
export async function appendData(request: DfsRequest): Promise<Reply> {
  refuse(request, { headers: NOT_EMULATED });
  const position = positionQuery(request);
  const flushes = booleanQuery(request, "flush") ?? false;
  requireAppendable(request);
  if (request.call.headers["content-length"] === "0") throw invalidHeader("Content-Length", "0");
  const body = await receiveContent(request, putBlockLimit(request.version));
  try {
    requireAppendable(request); // checked again: receiving the body may have taken long
    const slice = { body, offset: 0, length: body.size };
    blobsOf(request).stage(request.blob, { id: appendedId(position), slice });
    const isMd5 = header(request, "content-md5") !== undefined;
    const checksum: Record<string, string> = isMd5 ? { "content-md5": body.md5 } : { "x-ms-content-crc64": body.crc64 };
    const flushed = flushes ? versionHeaders(commit(request, position + body.size, false)) : {};
    const common = { ...structuredAnswer(request), "x-ms-request-server-encrypted": "true" };
    return { status: 202, headers: { ...flushed, ...checksum, ...common } };
  } finally {
    request.services.blobs.release(body);
  }
}

/** "You can't use blob APIs and Data Lake Storage APIs to write to the same instance of a file." */
function requireAppendable(request: DfsRequest): void {
  const blob = requireFileAt(request);
  checkLease(request, blob.lease, "Blob", true);
  requireMutable(requireContainer(request), blob, request.now);
  if (blob.isMadeByDataLake !== true) throw new DfsError("InvalidAppendOperation");
}

/** 200. `position` is the length of the file afterwards, and everything up to it must have been appended. */
export function flushData(request: DfsRequest): Reply {
  refuse(request, { headers: NOT_EMULATED });
  requireNoBody(request);
  const position = positionQuery(request);
  const retains = booleanQuery(request, "retainUncommittedData") ?? false;
  booleanQuery(request, "close"); // only for events, which are not emulated
  const blob = requireFileAt(request);
  checkConditions(request, blob, "write");
  checkLease(request, blob.lease, "Blob", true);
  requireMutable(requireContainer(request), blob, request.now);
  if (blob.isMadeByDataLake !== true) throw new DfsError("InvalidFlushOperation");
  const flushed = commit(request, position, retains);
  const headers = { ...versionHeaders(flushed), "content-length": "0", "x-ms-request-server-encrypted": "true" };
  return { status: 200, headers };
}

interface Appended {
  readonly id: string;
  readonly start: number;
  readonly slice: Slice;
}

function appendedTo(request: DfsRequest): Appended[] {
  const blocks = [...(blobsOf(request).entry(request.blob)?.uncommitted.values() ?? [])];
  return blocks
    .filter(({ id }) => isAppended(id))
    .map(({ id, slice }) => ({ id, slice, start: Number(id.slice(1)) }))
    .sort((one, other) => one.start - other.start);
}

/** What was appended up to `position` is committed to the file; the rest is discarded, or kept for a later flush. */
function commit(request: DfsRequest, position: number, retains: boolean): Blob {
  const blob = requireFileAt(request);
  const appended = appendedTo(request);
  const taken = appended.filter(({ start }) => start < position);
  let end = blob.size;
  for (const { start, slice } of taken) {
    if (start !== end) throw new DfsError("InvalidFlushPosition");
    end += slice.length;
  }
  if (end !== position) throw new DfsError("InvalidFlushPosition");
  const { md5: _, ...content } = blob.content;
  const grown: Blob = {
    ...blob,
    ...afterWrite(blob, request.now),
    content: { ...content, ...sentContentHeaders(request) },
    slices: [...blob.slices, ...taken.map(({ slice }) => slice)],
    size: position,
  };
  putKeeping(request, grown, retains ? appended.slice(taken.length) : []);
  return grown;
}

/** A put discards what is uncommitted, so what is to be kept is retained meanwhile and staged again. */
function putKeeping(request: DfsRequest, blob: Blob, kept: readonly Appended[]): void {
  const { blobs } = request.services;
  for (const { slice } of kept) blobs.retain(slice.body);
  blobsOf(request).put(blob);
  for (const { id, slice } of kept) {
    blobsOf(request).stage(request.blob, { id, slice });
    blobs.release(slice.body);
  }
}
