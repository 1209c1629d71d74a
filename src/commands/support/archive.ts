/**
 * A .tar.gz that is written while it is made. Loaded only by the command: a controller that serves volumes does not evaluate what
 * is imported here.
 */
import { Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { createTarPacker } from "modern-tar";

export interface Archive {
  add(name: string, content: Buffer): Promise<void>;
  /** Everything has been passed on; `out` stays open. */
  finish(): Promise<void>;
}

/** All files are in `folder`, for their owner alone. Both calls reject with what `out` fails with. */
export function createArchive(out: Writable, folder: string, mtime: Date): Archive {
  const { readable, controller } = createTarPacker();
  const passed = pipeline(Readable.fromWeb(readable), createGzip(), out, { end: false });
  // The failure is the answer of the next call; nobody waits for this promise meanwhile.
  passed.catch(() => undefined);
  return {
    async add(name, content) {
      const header = { name: `${folder}/${name}`, size: content.length, mode: 0o600, mtime };
      const writer = controller.add(header).getWriter();
      const written = writer.write(content).then(() => writer.close());
      await Promise.race([passed, written]);
    },
    async finish() {
      controller.finalize();
      await passed;
    },
  };
}
