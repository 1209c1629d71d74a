// A stream that keeps what is written to it, for tests that read a program's output.
import { Writable } from "node:stream";

export interface Sink {
  readonly stream: Writable;
  text(): string;
  bytes(): Buffer;
}

/** `text()` and `bytes()` are everything written so far. */
export function createSink(): Sink {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(Buffer.from(chunk));
      done();
    },
  });
  const bytes = () => Buffer.concat(chunks);
  return { stream, bytes, text: () => bytes().toString("utf8") };
}
