/**
 * Structured messages (`x-ms-structured-body: XSM/1.0; properties=crc64`): a body in segments, each with its CRC64, as
 * newer SDKs send and ask for when transfer validation is on. Little-endian: version 1 byte, message length 8,
 * flags 2, segment count 2; for each segment number 2, length 8, content, CRC64 8; at the end the CRC64 of all content.
 */
import { Readable } from "node:stream";
import { invalidHeader, StorageError } from "../../storage/errors.ts";
import { header } from "../../storage/headers.ts";
import { createCrc64 } from "../../storage/store/crc64.ts";
import type { BlobRequest } from "./request.ts";

export const STRUCTURED = "XSM/1.0; properties=crc64";

const HEADER_BYTES = 13;
const SEGMENT_HEADER_BYTES = 10;
const CRC_BYTES = 8;
const SEGMENT_BYTES = 4 * 1024 * 1024;
const CRC_FLAG = 1;

/** Whether the request asks for, or has, a structured body; 400 InvalidHeaderValue for a form that is not this one. */
export function isStructured(request: BlobRequest): boolean {
  const value = header(request, "x-ms-structured-body");
  if (value === undefined) return false;
  if (value.replace(/\s/g, "").toLowerCase() !== STRUCTURED.replace(/\s/g, "").toLowerCase()) {
    throw invalidHeader("x-ms-structured-body", value);
  }
  return true;
}

/** The content of a structured body; 400 when it is not well-formed or a checksum does not fit. */
export function decodeStructured(body: Readable): Readable {
  return Readable.from(contentOrRest(new Source(body)), { objectMode: false });
}

/** The length of a structured body for content of this length. */
export function structuredLength(contentLength: number): number {
  const segments = Math.ceil(contentLength / SEGMENT_BYTES);
  return HEADER_BYTES + segments * (SEGMENT_HEADER_BYTES + CRC_BYTES) + contentLength + CRC_BYTES;
}

/** Content as a structured body. */
export function encodeStructured(content: Readable, contentLength: number): Readable {
  const message = Readable.from(messageOf(new Source(content), contentLength), { objectMode: false });
  return message.once("close", () => content.destroy());
}

/** Takes exact numbers of bytes from a stream. */
class Source {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(stream: Readable) {
    this.#chunks = (stream as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  }

  /** Up to `limit` bytes, at least one; undefined at the end. */
  async some(limit: number): Promise<Buffer | undefined> {
    while (this.#rest.length === 0) {
      const next = await this.#chunks.next();
      if (next.done === true) return undefined;
      this.#rest = next.value;
    }
    const taken = this.#rest.subarray(0, limit);
    this.#rest = this.#rest.subarray(taken.length);
    return taken;
  }

  /** Exactly this many bytes; 400 when the stream ends before. */
  async exactly(length: number): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for (let missing = length; missing > 0; ) {
      const chunk = await this.some(missing);
      if (chunk === undefined) throw malformed("it ends early");
      chunks.push(chunk);
      missing -= chunk.length;
    }
    return Buffer.concat(chunks);
  }
}

/** A refused body is read to its end, so that its connection can be used for the answer and the next request. */
async function* contentOrRest(source: Source): AsyncGenerator<Buffer> {
  try {
    yield* contentOf(source);
  } catch (error) {
    while ((await source.some(Number.MAX_SAFE_INTEGER)) !== undefined);
    throw error;
  }
}

async function* contentOf(source: Source): AsyncGenerator<Buffer> {
  const head = await source.exactly(HEADER_BYTES);
  if (head.readUInt8(0) !== 1 || head.readUInt16LE(9) !== CRC_FLAG) throw malformed("its header is not of version 1");
  const segments = head.readUInt16LE(11);
  const whole = createCrc64();
  for (let number = 1; number <= segments; number += 1) {
    const segmentHead = await source.exactly(SEGMENT_HEADER_BYTES);
    if (segmentHead.readUInt16LE(0) !== number) throw malformed("its segments are not in order");
    const crc = createCrc64();
    for (let missing = Number(segmentHead.readBigUInt64LE(2)); missing > 0; ) {
      const chunk = await source.some(missing);
      if (chunk === undefined) throw malformed("it ends early");
      missing -= chunk.length;
      crc.update(chunk);
      whole.update(chunk);
      yield chunk;
    }
    await checkCrc(source, crc.digest());
  }
  await checkCrc(source, whole.digest());
  if ((await source.some(1)) !== undefined) throw malformed("it goes on behind its end");
}

async function checkCrc(source: Source, computed: string): Promise<void> {
  const sent = (await source.exactly(CRC_BYTES)).toString("base64");
  if (sent === computed) return;
  throw new StorageError("Crc64Mismatch", { details: { UserSpecifiedCrc: sent, ServerCalculatedCrc: computed } });
}

function malformed(reason: string): StorageError {
  return new StorageError("InvalidInput", { message: `The structured body is not well-formed: ${reason}.` });
}

async function* messageOf(source: Source, contentLength: number): AsyncGenerator<Buffer> {
  const segments = Math.ceil(contentLength / SEGMENT_BYTES);
  const head = Buffer.alloc(HEADER_BYTES);
  head.writeUInt8(1, 0);
  head.writeBigUInt64LE(BigInt(structuredLength(contentLength)), 1);
  head.writeUInt16LE(CRC_FLAG, 9);
  head.writeUInt16LE(segments, 11);
  yield head;
  const whole = createCrc64();
  for (let number = 1; number <= segments; number += 1) {
    const length = Math.min(SEGMENT_BYTES, contentLength - (number - 1) * SEGMENT_BYTES);
    const segmentHead = Buffer.alloc(SEGMENT_HEADER_BYTES);
    segmentHead.writeUInt16LE(number, 0);
    segmentHead.writeBigUInt64LE(BigInt(length), 2);
    yield segmentHead;
    const crc = createCrc64();
    for (let missing = length; missing > 0; ) {
      const chunk = await source.some(missing);
      if (chunk === undefined) return;
      missing -= chunk.length;
      crc.update(chunk);
      whole.update(chunk);
      yield chunk;
    }
    yield Buffer.from(crc.digest(), "base64");
  }
  yield Buffer.from(whole.digest(), "base64");
}
