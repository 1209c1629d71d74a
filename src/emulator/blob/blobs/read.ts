/** Get Blob, whole or a range of it, and Get Blob Properties. */
import { createHash } from "node:crypto";
import type { Reply } from "../../http/call.ts";
import { invalidHeader, StorageError } from "../../storage/errors.ts";
import { header } from "../../storage/headers.ts";
import { checkLease } from "../../storage/lease.ts";
import type { Blob } from "../../storage/store/blob-record.ts";
import type { Slice } from "../../storage/store/bodies.ts";
import { createCrc64 } from "../../storage/store/crc64.ts";
import { checkConditions } from "../http/conditions.ts";
import type { BlobRequest } from "../http/request.ts";
import { encodeStructured, isStructured, STRUCTURED, structuredLength } from "../http/structured-body.ts";
import { FIRST_OPEN_RANGE_VERSION } from "../http/versions.ts";
import { requireSelected } from "./find.ts";
import { requireOnline } from "./tier.ts";
import { blobHeaders, tierHeaders } from "./view.ts";

/** `x-ms-range-get-content-md5` and `-crc64` are only for ranges up to this size. */
const RANGE_CHECKSUM_LIMIT_BYTES = 4 * 1024 * 1024;

/** Get Blob: 200 whole, 206 a range, 304 / 412 by conditions, 416 when the range begins behind the end. */
export async function getBlob(request: BlobRequest): Promise<Reply> {
  const blob = openForReading(request);
  requireOnline(request, blob.tier);
  const range = readRange(request, blob.size);
  const headers = { ...blobHeaders(request, blob), ...answerHeadersOf(request) };
  if (range === undefined) {
    const [asked] = checksumsAsked(request);
    if (asked !== undefined) throw invalidHeader(asked.header, "true");
    return { status: 200, ...contentOf(request, headers, blob.slices) };
  }
  return { status: 206, ...(await rangeOf(request, { blob, headers, range })) };
}

interface Asked {
  readonly blob: Blob;
  readonly headers: Readonly<Record<string, string>>;
  readonly range: Range;
}

/** In a part of a blob `Content-MD5` is that of the part, when it was asked for; the blob's own has another name. */
async function rangeOf(request: BlobRequest, asked: Asked): Promise<Pick<Reply, "headers" | "body">> {
  const { blob, range } = asked;
  const { "content-md5": blobMd5, ...others } = asked.headers;
  const whole: Record<string, string> = blobMd5 === undefined ? {} : { "x-ms-blob-content-md5": blobMd5 };
  const place = `bytes ${range.start}-${range.end - 1}/${blob.size}`;
  const slices = cut(blob.slices, range);
  const { blobs } = request.services;
  // Kept over the wait for the checksum: the blob may be overwritten meanwhile.
  for (const { body } of slices) blobs.retain(body);
  try {
    const checksum = await rangeChecksum(request, slices, range);
    return contentOf(request, { ...others, ...whole, ...checksum, "content-range": place }, slices);
  } finally {
    for (const { body } of slices) blobs.release(body);
  }
}

/** Headers with the length, and the body, as it is or as a structured one. */
function contentOf(
  request: BlobRequest,
  headers: Readonly<Record<string, string>>,
  slices: readonly Slice[],
): Pick<Reply, "headers" | "body"> {
  const size = slices.reduce((sum, { length }) => sum + length, 0);
  const body = request.services.blobs.read(slices);
  if (!isStructured(request)) return { headers: { ...headers, "content-length": String(size) }, body };
  const structured = {
    "content-length": String(structuredLength(size)),
    "x-ms-structured-body": STRUCTURED,
    "x-ms-structured-content-length": String(size),
  };
  return { headers: { ...headers, ...structured }, body: encodeStructured(body, size) };
}

/** Get Blob Properties: HEAD, the headers of the whole blob and its tier. */
export function getBlobProperties(request: BlobRequest): Reply {
  const blob = openForReading(request);
  return {
    status: 200,
    headers: {
      ...blobHeaders(request, blob),
      ...tierHeaders(request.account, blob),
      "content-length": String(blob.size),
    },
  };
}

function openForReading(request: BlobRequest): Blob {
  const blob = requireSelected(request);
  checkLease(request, blob.lease, "Blob", false);
  checkConditions(request, blob, "read");
  return blob;
}

/** A SAS can set the headers of the answer. */
function answerHeadersOf({ caller }: BlobRequest): Readonly<Record<string, string>> {
  return caller.kind === "sas" ? caller.sas.answerHeaders : {};
}

/** Bytes from `start` up to, not including, `end`. */
interface Range {
  readonly start: number;
  readonly end: number;
}

/**
 * `x-ms-range` before `Range` ("Specifying the range header"): `bytes=a-b`, or from version 2011-08-18 `bytes=a-`.
 * Anything else is ignored, as RFC 9110 14.2 says for what a server does not support.
 */
function readRange(request: BlobRequest, size: number): Range | undefined {
  const value = header(request, "x-ms-range") ?? header(request, "range");
  const match = /^bytes=(\d{1,15})-(\d{0,15})$/.exec(value?.trim() ?? "");
  if (match === null) return undefined;
  if (match[2] === "" && request.version < FIRST_OPEN_RANGE_VERSION) return undefined;
  const start = Number(match[1]);
  const last = match[2] === "" ? size - 1 : Number(match[2]);
  if (match[2] !== "" && last < start) return undefined;
  if (start >= size) throw new StorageError("InvalidRange", { headers: { "content-range": `bytes */${size}` } });
  return { start, end: Math.min(last, size - 1) + 1 };
}

/** The parts of the slices that are in the range. */
export function cut(slices: readonly Slice[], range: Range): Slice[] {
  const kept: Slice[] = [];
  let position = 0;
  for (const { body, offset, length } of slices) {
    const from = Math.max(range.start, position);
    const to = Math.min(range.end, position + length);
    if (from < to) kept.push({ body, offset: offset + from - position, length: to - from });
    position += length;
  }
  return kept;
}

/** The checksum of a range that the request asks for; 400 for both at once, and for a range that is too long. */
async function rangeChecksum(
  request: BlobRequest,
  slices: readonly Slice[],
  range: Range,
): Promise<Record<string, string>> {
  const [asked, other] = checksumsAsked(request);
  if (asked === undefined) return {};
  const isLong = range.end - range.start > RANGE_CHECKSUM_LIMIT_BYTES;
  if (isLong || other !== undefined) throw invalidHeader(asked.header, "true");
  const checksum: Checksum = asked.start();
  for await (const chunk of request.services.blobs.read(slices)) checksum.update(chunk as Buffer);
  return { [asked.answer]: checksum.digest() };
}

interface Checksum {
  update(chunk: Buffer): unknown;
  /** In base64. */
  digest(): string;
}

function startMd5(): Checksum {
  const hash = createHash("md5");
  return { update: (chunk) => hash.update(chunk), digest: () => hash.digest("base64") };
}

const RANGE_CHECKSUMS = [
  { header: "x-ms-range-get-content-md5", answer: "content-md5", start: startMd5 },
  { header: "x-ms-range-get-content-crc64", answer: "x-ms-content-crc64", start: createCrc64 },
] as const;

function checksumsAsked(request: BlobRequest): readonly (typeof RANGE_CHECKSUMS)[number][] {
  return RANGE_CHECKSUMS.filter((each) => header(request, each.header)?.toLowerCase() === "true");
}
