// The rows of docs/how-to/troubleshooting.md, and which of them a message leads to.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readTable } from "./documents.ts";
import { repository } from "./sources.ts";
import { HOLE } from "./static-texts.ts";

export const TROUBLESHOOTING = "docs/how-to/troubleshooting.md";

export interface Entry {
  /** Words of messages, with `…` for what is filled in. */
  readonly words: readonly string[];
  readonly means: string;
  readonly todo: string;
}

/** Texts in backquotes; `readTable` has taken them from a cell that is nothing else. */
export function spansOf(cell: string): readonly string[] {
  const spans = [...cell.matchAll(/`([^`]+)`/g)].map(([, text = ""]) => text);
  return spans.length > 0 ? spans : [cell];
}

export function readEntries(): readonly Entry[] {
  return readTable(TROUBLESHOOTING, "message").map(([words = "", means = "", todo = ""]) => {
    return { words: spansOf(words), means, todo };
  });
}

/** The words of all messages of each section, by the section's anchor; sections without messages are left out. */
export function readEntriesBySection(): ReadonlyMap<string, readonly string[]> {
  const sections = new Map<string, string[]>();
  let anchor = "";
  let isInTable = false;
  for (const line of readFileSync(join(repository, TROUBLESHOOTING), "utf8").split("\n")) {
    if (line.startsWith("## ")) anchor = toAnchor(line.slice(3));
    if (line.startsWith("| message |")) isInTable = true;
    else if (!line.startsWith("|")) isInTable = false;
    else if (isInTable && !line.startsWith("|---")) {
      const [, cell = ""] = line.split(/(?<!\\)\|/);
      sections.set(anchor, [...(sections.get(anchor) ?? []), ...spansOf(cell.trim())]);
    }
  }
  return sections;
}

function toAnchor(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[`'.,?"]/g, "")
    .replaceAll(" ", "-");
}

/** Whether the fixed parts of an entry's words stand in the message, in their order. */
export function matches(words: string, message: string): boolean {
  let from = 0;
  for (const part of words.split(HOLE).map((each) => each.trim())) {
    const at = message.indexOf(part, from);
    if (at < 0) return false;
    from = at + part.length;
  }
  return true;
}
