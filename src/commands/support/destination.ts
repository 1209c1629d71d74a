/** Where the bundle goes: a new file, or standard output. */
import { constants, type FileHandle, open, rm } from "node:fs/promises";
import type { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { DriverError } from "../../errors.ts";
import { systemCodeOf } from "../../text/file-faults.ts";

export interface Destination {
  readonly stream: Writable;
  /** Everything is where it belongs. */
  close(): Promise<void>;
  /** Removes what has been written, as far as that is possible. */
  discard(): Promise<void>;
}

/** A file for its owner alone, which must not exist yet: a former bundle may be all that is left of a fault. */
export async function openFile(path: string): Promise<Destination> {
  const { O_CREAT, O_EXCL, O_WRONLY } = constants;
  let handle: FileHandle;
  try {
    handle = await open(path, O_CREAT | O_EXCL | O_WRONLY, 0o600);
  } catch (error) {
    const isThere = systemCodeOf(error) === "EEXIST";
    const why = isThere ? "exists and is not overwritten" : `cannot be created (${systemCodeOf(error)})`;
    throw new DriverError("Misconfigured", `--output ${path} ${why}; name another file`, { cause: error });
  }
  const stream = handle.createWriteStream();
  return {
    stream,
    async close() {
      stream.end();
      await finished(stream);
    },
    async discard() {
      stream.destroy();
      await rm(path, { force: true });
    },
  };
}

/** Stays open: it is not ours to close. */
export function toStandardOutput(stdout: Writable): Destination {
  if ("isTTY" in stdout && stdout.isTTY === true) {
    throw new DriverError("Misconfigured", "the bundle is no text for a terminal; redirect standard output to a file");
  }
  return { stream: stdout, close: async () => undefined, discard: async () => undefined };
}
