/**
 * Bodies on disk: every received body is one file of the data directory, a part. Blobs, blocks, snapshots and copies
 * point to slices of parts and count themselves as users; a part without users is deleted. No body is held in memory.
 */
import { createHash, randomUUID } from "node:crypto";
import { createReadStream, createWriteStream, mkdirSync } from "node:fs";
import { rm, unlink } from "node:fs/promises";
import { join } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createCrc64 } from "./crc64.ts";

/** Large steps: a body arrives in records of 16 KiB, and a write for each would cost more than the bytes. */
const BUFFER_BYTES = 1024 * 1024;

/** One received body. */
export interface Part {
  readonly id: string;
  readonly size: number;
  /** Base64. */
  readonly md5: string;
  /** Base64 of the little-endian CRC64 that Azure Storage uses (`x-ms-content-crc64`). */
  readonly crc64: string;
  /** How many blobs, blocks and running reads use it. */
  users: number;
}

/** A part as it is saved with `--state`. */
export type SavedPart = Omit<Part, "users">;

/** A run of bytes of one part. */
export interface Slice {
  readonly part: Part;
  readonly offset: number;
  readonly length: number;
}

/** Thrown by `receive` when the body is longer than its limit; what was written of it is gone. */
export class BodyTooLarge extends Error {}

export interface Parts {
  /** Streams a body to a new file. The part has one user: the caller, who must release it when it is stored. */
  receive(body: Readable, limitBytes: number): Promise<Part>;
  retain(part: Part): void;
  /** One user less; the file goes with the last. */
  release(part: Part): void;
  read(slices: readonly Slice[]): Readable;
  /** The part of an earlier run, without users; the same object for the same id. */
  adopt(saved: SavedPart): Part;
  close(keep: boolean): Promise<void>;
}

/** Parts over a directory, which is made when absent. */
export function createParts(directory: string): Parts {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const deletions = new Set<Promise<void>>();
  const adopted = new Map<string, Part>();
  const fileOf = (id: string): string => join(directory, id);

  function remove(id: string): void {
    const deletion: Promise<void> = unlink(fileOf(id))
      .catch(() => undefined) // an empty part has no file
      .finally(() => deletions.delete(deletion));
    deletions.add(deletion);
  }

  function release(part: Part): void {
    part.users -= 1;
    if (part.users <= 0) remove(part.id);
  }

  async function* bytesOf(slices: readonly Slice[]): AsyncGenerator<Buffer> {
    for (const { part, offset, length } of slices) {
      const run = { start: offset, end: offset + length - 1, highWaterMark: BUFFER_BYTES };
      if (length > 0) yield* createReadStream(fileOf(part.id), run);
    }
  }

  return {
    async receive(body, limitBytes) {
      const id = randomUUID();
      try {
        return { id, ...(await writeFile(fileOf(id), body, limitBytes)), users: 1 };
      } catch (fault) {
        remove(id);
        throw fault;
      }
    },
    retain: (part) => {
      part.users += 1;
    },
    release,
    read(slices) {
      for (const { part } of slices) part.users += 1;
      const stream = Readable.from(bytesOf(slices), { objectMode: false });
      stream.once("close", () => {
        for (const { part } of slices) release(part);
      });
      return stream;
    },
    adopt(saved) {
      const part = adopted.get(saved.id) ?? { ...saved, users: 0 };
      adopted.set(saved.id, part);
      return part;
    },
    async close(keep) {
      await Promise.all(deletions);
      if (!keep) await rm(directory, { recursive: true, force: true });
    },
  };
}

async function writeFile(file: string, body: Readable, limitBytes: number): Promise<Omit<SavedPart, "id">> {
  const md5 = createHash("md5");
  const crc64 = createCrc64();
  let size = 0;
  const measured = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length;
      // Read to its end all the same: a request that is cut off never gets its answer.
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
