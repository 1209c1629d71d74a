/**
 * Bodies on disk: every received body is one file of the data directory. Blobs, blocks, snapshots and copies refer to
 * slices of bodies and are counted as users; a body without users is deleted. No body is held in memory.
 */
import { createHash, randomUUID } from "node:crypto";
import { createReadStream, createWriteStream, mkdirSync } from "node:fs";
import { rm, unlink } from "node:fs/promises";
import { join } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createCrc64 } from "./crc64.ts";

/** Large writes: a body arrives in records of 16 KiB, and one write for each would cost more than the bytes. */
const BUFFER_BYTES = 1024 * 1024;

/** One received body. */
export interface StoredBody {
  readonly id: string;
  readonly size: number;
  /** Base64. */
  readonly md5: string;
  /** Base64 of the little-endian CRC64 that Azure Storage uses (`x-ms-content-crc64`). */
  readonly crc64: string;
  /** Number of blobs, blocks and running reads that use it. */
  users: number;
}

/** A body as it is saved with `--state`. */
export type SavedBody = Omit<StoredBody, "users">;

/** A run of bytes of one body. */
export interface Slice {
  readonly body: StoredBody;
  readonly offset: number;
  readonly length: number;
}

/** Thrown by `receive` when the body is longer than its limit; what was written of it is deleted. */
export class BodyTooLarge extends Error {}

export interface BodyFiles {
  /** Streams a body to a new file. The body has one user: the caller, who must release it when it is stored. */
  receive(body: Readable, limitBytes: number): Promise<StoredBody>;
  retain(body: StoredBody): void;
  /** Removes one user; the file is deleted with the last. */
  release(body: StoredBody): void;
  read(slices: readonly Slice[]): Readable;
  /** A body of an earlier run, without users; the same object for the same id. */
  adopt(saved: SavedBody): StoredBody;
  close(keep: boolean): Promise<void>;
}

/** Bodies in a directory, which is created when absent. */
export function createBodyFiles(directory: string): BodyFiles {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const deletions = new Set<Promise<void>>();
  const adopted = new Map<string, StoredBody>();
  const fileOf = (id: string): string => join(directory, id);

  function remove(id: string): void {
    const deletion: Promise<void> = unlink(fileOf(id))
      .catch(() => undefined) // an empty body has no file
      .finally(() => deletions.delete(deletion));
    deletions.add(deletion);
  }

  function release(body: StoredBody): void {
    body.users -= 1;
    if (body.users <= 0) remove(body.id);
  }

  async function* bytesOf(slices: readonly Slice[]): AsyncGenerator<Buffer> {
    for (const { body, offset, length } of slices) {
      const run = { start: offset, end: offset + length - 1, highWaterMark: BUFFER_BYTES };
      if (length > 0) yield* createReadStream(fileOf(body.id), run);
    }
  }

  return {
    async receive(body, limitBytes) {
      const id = randomUUID();
      try {
        return { id, ...(await writeFile(fileOf(id), body, limitBytes)), users: 1 };
      } catch (error) {
        remove(id);
        throw error;
      }
    },
    retain: (body) => {
      body.users += 1;
    },
    release,
    read(slices) {
      for (const { body } of slices) body.users += 1;
      const stream = Readable.from(bytesOf(slices), { objectMode: false });
      stream.once("close", () => {
        for (const { body } of slices) release(body);
      });
      return stream;
    },
    adopt(saved) {
      const body = adopted.get(saved.id) ?? { ...saved, users: 0 };
      adopted.set(saved.id, body);
      return body;
    },
    async close(keep) {
      await Promise.all(deletions);
      if (!keep) await rm(directory, { recursive: true, force: true });
    },
  };
}

async function writeFile(file: string, body: Readable, limitBytes: number): Promise<Omit<SavedBody, "id">> {
  const md5 = createHash("md5");
  const crc64 = createCrc64();
  let size = 0;
  const measured = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length;
      // Read to its end nevertheless: a client that is cut off never reads its answer.
      if (size > limitBytes) return done();
      md5.update(chunk);
      crc64.update(chunk);
      done(null, chunk);
    },
  });
  await pipeline(body, measured, createWriteStream(file, { mode: 0o600, highWaterMark: BUFFER_BYTES }));
  if (size > limitBytes) throw new BodyTooLarge(`the body is longer than ${limitBytes} bytes`);
  return { size, md5: md5.digest("base64"), crc64: crc64.digest() };
}
