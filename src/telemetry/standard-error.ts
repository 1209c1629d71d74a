/**
 * Standard error as the program writes to it. Node's own stream is destroyed by its first failed write, which ends the
 * process or at least its log; a disk that is temporarily full must do neither.
 */
import { writeSync } from "node:fs";
import { Writable } from "node:stream";

const STANDARD_ERROR = 2;

/** Never fails: what cannot be written is lost, and the next line is attempted again. */
export function openStandardError(descriptor: number = STANDARD_ERROR): Writable {
  return new Writable({
    decodeStrings: true,
    write(chunk: Buffer, _encoding, done) {
      writeWhole(descriptor, chunk);
      done();
    },
  });
}

/** A write to a pipe may be partial (POSIX write); a full or closed pipe accepts nothing. */
function writeWhole(descriptor: number, chunk: Buffer): void {
  try {
    for (let written = 0; written < chunk.length; ) written += writeSync(descriptor, chunk, written);
  } catch {
    // There is nowhere left to report it.
  }
}
