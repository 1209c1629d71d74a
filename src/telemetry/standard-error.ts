/**
 * Standard error as the program writes to it. Node's own stream is destroyed by its first failed write, which ends the
 * process or at least its log; a disk that is full for a while must do neither.
 */
import { writeSync } from "node:fs";
import { Writable } from "node:stream";

const STANDARD_ERROR = 2;

/** Never fails: what cannot be written is lost, and the next line is tried anew. */
export function openStandardError(descriptor: number = STANDARD_ERROR): Writable {
  return new Writable({
    decodeStrings: true,
    write(chunk: Buffer, _encoding, done) {
      writeWhole(descriptor, chunk);
      done();
    },
  });
}

/** A pipe may take a part only (POSIX write); a full or closed one takes nothing. */
function writeWhole(descriptor: number, chunk: Buffer): void {
  try {
    for (let written = 0; written < chunk.length; ) written += writeSync(descriptor, chunk, written);
  } catch {
    // Nobody is left to be told.
  }
}
