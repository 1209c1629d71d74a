/** What goes on, on one line of a terminal; nothing where nobody looks on. */
import type { Writable } from "node:stream";

export interface Progress {
  show(what: string): void;
  clear(): void;
}

/** The control sequence that erases a terminal's line (ECMA-48, EL). */
const ERASE_LINE = "\r\u001b[2K";

export function showProgress(stream: Writable & { readonly isTTY?: boolean }): Progress {
  const write = (text: string) => void (stream.isTTY === true && stream.write(text));
  return {
    show: (what) => write(`${ERASE_LINE}  ${what}...`),
    clear: () => write(ERASE_LINE),
  };
}
