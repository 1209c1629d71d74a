/**
 * Request bodies: small XML documents are read whole, blob content is streamed to disk with its length and checksums.
 */
import { createHash } from "node:crypto";
import { invalidHeader, StorageError } from "../../storage/errors.ts";
import { header } from "../../storage/headers.ts";
import { BodyTooLarge, type StoredBody } from "../../storage/store/bodies.ts";
import type { BlobRequest } from "./request.ts";
import { decodeStructured, isStructured, STRUCTURED } from "./structured-body.ts";
import { parseXml, type XmlElement } from "./xml.ts";

/** A block list of 50,000 ids of 88 characters is some 6 MB; everything else is far smaller. */
const XML_LIMIT_BYTES = 16 * 1024 * 1024;

/** Reads a document whose root has the given name, or throws 400 (413 when it is too long). */
export async function readXmlBody(request: BlobRequest, rootName: string): Promise<XmlElement> {
  const body = await readSmallBody(request, XML_LIMIT_BYTES);
  const root = parseXml(body.toString("utf8"));
  if (root === undefined || root.name !== rootName) throw new StorageError("InvalidXmlDocument");
  return root;
}

/** Reads a small body whole, with its MD5 checked; 413 when it is longer than the limit. */
export async function readSmallBody(request: BlobRequest, limitBytes: number): Promise<Buffer> {
  requireLength(request);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request.call.body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= limitBytes) chunks.push(chunk);
  }
  if (size > limitBytes) throw tooLarge(limitBytes);
  const body = Buffer.concat(chunks);
  const sent = header(request, "content-md5");
  if (sent !== undefined) checkMd5(sent, createHash("md5").update(body).digest("base64"));
  return body;
}

/**
 * Streams the body to disk and checks it against Content-MD5 and x-ms-content-crc64. The caller must release the body.
 * A body over the limit is 413; nothing is left of one that ends early.
 */
export async function receiveContent(request: BlobRequest, limitBytes: number): Promise<StoredBody> {
  const length = requireLength(request);
  if (length !== undefined && length > limitBytes) throw tooLarge(limitBytes);
  const expected = expectedChecksums(request);
  const body = await receive(request, limitBytes);
  try {
    if (expected.md5 !== undefined) checkMd5(expected.md5, body.md5);
    if (expected.crc64 !== undefined && expected.crc64 !== body.crc64) throw crcMismatch(expected.crc64, body.crc64);
    return body;
  } catch (error) {
    request.services.blobs.release(body);
    throw error;
  }
}

async function receive(request: BlobRequest, limitBytes: number): Promise<StoredBody> {
  try {
    const { body } = request.call;
    return await request.services.blobs.receive(isStructured(request) ? decodeStructured(body) : body, limitBytes);
  } catch (error) {
    if (error instanceof BodyTooLarge) throw tooLarge(limitBytes);
    // The client disconnected in the middle of the body: it gets no answer, but the call log shows this one.
    throw request.call.body.errored === null ? error : new StorageError("InternalError");
  }
}

/** The checksums that the client sent; both at once are refused. */
function expectedChecksums(request: BlobRequest): { md5?: string; crc64?: string } {
  const md5 = header(request, "content-md5");
  const crc64 = header(request, "x-ms-content-crc64");
  if (md5 !== undefined && Buffer.from(md5, "base64").length !== 16) throw new StorageError("InvalidMd5");
  if (md5 !== undefined && crc64 !== undefined) {
    throw new StorageError("InvalidInput", {
      message: "Both x-ms-content-crc64 header and Content-MD5 header are present.",
    });
  }
  if (crc64 !== undefined && Buffer.from(crc64, "base64").length !== 8) {
    throw invalidHeader("x-ms-content-crc64", crc64);
  }
  return { ...(md5 === undefined ? {} : { md5 }), ...(crc64 === undefined ? {} : { crc64 }) };
}

/** 411 without Content-Length; a chunked body has none and is accepted. */
function requireLength(request: BlobRequest): number | undefined {
  const length = request.call.headers["content-length"];
  if (length !== undefined) return Number(length);
  if (request.call.headers["transfer-encoding"] !== undefined) return undefined;
  throw new StorageError("MissingContentLengthHeader");
}

function checkMd5(sent: string, computed: string): void {
  if (sent === computed) return;
  throw new StorageError("Md5Mismatch", { details: { UserSpecifiedMd5: sent, ServerCalculatedMd5: computed } });
}

function crcMismatch(sent: string, computed: string): StorageError {
  return new StorageError("Crc64Mismatch", { details: { UserSpecifiedCrc: sent, ServerCalculatedCrc: computed } });
}

function tooLarge(limitBytes: number): StorageError {
  return new StorageError("RequestBodyTooLarge", { details: { MaxLimit: String(limitBytes) } });
}

/** What an upload's answer says of how its body was checked. */
export function structuredAnswer(request: BlobRequest): Record<string, string> {
  return isStructured(request) ? { "x-ms-structured-body": STRUCTURED } : {};
}
