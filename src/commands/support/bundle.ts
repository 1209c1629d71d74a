/** The files of a bundle on their way into the archive, and the list of what is in it and what is not. */
import type { Attempt } from "../../kubernetes/inspection/attempt.ts";
import { wrap } from "../../text/wrap.ts";
import { formatSize } from "../orphans/quantities.ts";
import type { Archive } from "./archive.ts";
import type { Redactor } from "./redactor.ts";

export interface Bundle {
  readonly redactor: Redactor;
  /** Redacts and adds it. An attempt that failed is listed with its reason instead. */
  text(name: string, content: Attempt<string>): Promise<void>;
  /** The same of a JSON value. `note` is shown in the list. */
  json(name: string, content: Attempt<unknown>, note?: string): Promise<void>;
  /** Adds `contents.txt` and answers it, for the terminal too. */
  close(title: string): Promise<string>;
}

interface Entry {
  readonly name: string;
  readonly bytes: number;
  readonly note: string;
}

interface Gap {
  readonly name: string;
  readonly why: string;
}

const CONTENTS = "contents.txt";

export function createBundle(archive: Pick<Archive, "add">, redactor: Redactor): Bundle {
  const entries: Entry[] = [];
  const gaps: Gap[] = [];
  const add = async (name: string, text: string, note = "") => {
    const content = Buffer.from(text);
    await archive.add(name, content);
    entries.push({ name, bytes: content.length, note });
  };
  return {
    redactor,
    async text(name, content) {
      if ("why" in content) gaps.push({ name, why: redactor.text(content.why) });
      else await add(name, redactor.text(content.value));
    },
    async json(name, content, note) {
      if ("why" in content) gaps.push({ name, why: redactor.text(content.why) });
      else await add(name, `${JSON.stringify(redactor.json(content.value), null, 2)}\n`, note);
    },
    async close(title) {
      const text = `${title}\n\n${toList(entries)}${toGaps(gaps)}`;
      await archive.add(CONTENTS, Buffer.from(text));
      return text;
    },
  };
}

/** By name, however they came in. */
function toList(entries: readonly Entry[]): string {
  const lines = entries
    .toSorted((one, other) => (one.name < other.name ? -1 : 1))
    .map(({ name, bytes, note }) => `${formatSize(bytes).padStart(11)}  ${name}${note === "" ? "" : `, ${note}`}\n`);
  return `In it, beside this list:\n${lines.join("")}`;
}

function toGaps(gaps: readonly Gap[]): string {
  if (gaps.length === 0) return "";
  const lines = gaps.map(({ name, why }) => `  ${name}\n${wrap(why, " ".repeat(6)).join("\n")}\n`);
  return `\nNot in it:\n${lines.join("")}`;
}
