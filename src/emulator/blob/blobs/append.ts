/** Append blobs: Append Block and Append Blob Seal. */
import type { Reply } from "../../http/call.ts";
import { invalidHeader, StorageError } from "../../storage/errors.ts";
import { header, numberHeader } from "../../storage/headers.ts";
import { checkLease } from "../../storage/lease.ts";
import { requireMutable } from "../../storage/protection.ts";
import type { Blob } from "../../storage/store/blob-record.ts";
import { requireContainer } from "../containers/find.ts";
import { receiveContent, structuredAnswer } from "../http/body.ts";
import { checkConditions } from "../http/conditions.ts";
import { versionHeaders } from "../http/headers.ts";
import type { BlobRequest } from "../http/request.ts";
import { appendBlockLimit } from "../http/versions.ts";
import { blobsOf, requireBlob } from "./find.ts";
import { afterWrite } from "./write.ts";

const MAX_BLOCKS = 50_000;

/** Append Block: 201 with the offset at which the block begins. */
export async function appendBlock(request: BlobRequest): Promise<Reply> {
  checkAppend(request, Number(request.call.headers["content-length"] ?? 1));
  if (request.call.headers["content-length"] === "0") throw invalidHeader("Content-Length", "0");
  const body = await receiveContent(request, appendBlockLimit(request.version));
  try {
    const blob = checkAppend(request, body.size);
    const grown: Blob = {
      ...blob,
      ...afterWrite(blob, request.services.clock.now()),
      slices: [...blob.slices, { body, offset: 0, length: body.size }],
      size: blob.size + body.size,
    };
    blobsOf(request).put(grown);
    const isMd5 = header(request, "content-md5") !== undefined;
    return {
      status: 201,
      headers: {
        ...versionHeaders(grown),
        ...(isMd5 ? { "content-md5": body.md5 } : { "x-ms-content-crc64": body.crc64 }),
        ...structuredAnswer(request),
        "x-ms-blob-append-offset": String(blob.size),
        "x-ms-blob-committed-block-count": String(grown.slices.length),
        "x-ms-request-server-encrypted": "true",
      },
    };
  } finally {
    request.services.blobs.release(body);
  }
}

/** Append Blob Seal: 200; no block is taken any more. */
export function sealBlob(request: BlobRequest): Reply {
  const blob = openAppendBlob(request);
  checkPosition(request, blob, 0);
  Object.assign(blob, afterWrite(blob, request.services.clock.now()), { isSealed: true });
  return { status: 200, headers: { ...versionHeaders(blob), "x-ms-blob-sealed": "true" } };
}

function checkAppend(request: BlobRequest, length: number): Blob {
  const blob = openAppendBlob(request);
  if (blob.isSealed === true) throw new StorageError("BlobIsSealed");
  checkPosition(request, blob, length);
  if (blob.slices.length >= MAX_BLOCKS) {
    const message = "The committed block count cannot exceed the maximum limit of 50,000 blocks.";
    throw new StorageError("BlockCountExceedsLimit", { message });
  }
  return blob;
}

function openAppendBlob(request: BlobRequest): Blob {
  const blob = requireBlob(request);
  if (blob.type !== "AppendBlob") throw new StorageError("InvalidBlobType");
  checkConditions(request, blob, "write");
  checkLease(request, blob.lease, "Blob", true);
  requireMutable(requireContainer(request), blob, request.now);
  return blob;
}

function checkPosition(request: BlobRequest, blob: Blob, length: number): void {
  const position = numberHeader(request, "x-ms-blob-condition-appendpos");
  if (position !== undefined && position !== blob.size) throw new StorageError("AppendPositionConditionNotMet");
  const limit = numberHeader(request, "x-ms-blob-condition-maxsize");
  if (limit !== undefined && blob.size + length > limit) throw new StorageError("MaxBlobSizeConditionNotMet");
}
