// Tables of the documents, for tests that compare a page with the code that it describes.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repository } from "./sources.ts";

/** The rows of every table of a page whose first column has this heading, as cells without backquotes. */
export function readTable(path: string, firstHeading: string): readonly (readonly string[])[] {
  const rows: string[][] = [];
  let isInTable = false;
  for (const line of readFileSync(join(repository, path), "utf8").split("\n")) {
    const cells = toCells(line);
    if (cells === undefined) isInTable = false;
    else if (cells[0] === firstHeading) isInTable = true;
    else if (isInTable && !/^-+$/.test(cells[0] ?? "")) rows.push(cells);
  }
  if (rows.length === 0) throw new Error(`${path} has no table whose first column is "${firstHeading}"`);
  return rows;
}

/** Cells of `| a | b |`; undefined for a line of prose. A bar in backquotes must be written as `\|`. */
function toCells(line: string): string[] | undefined {
  if (!line.startsWith("|")) return undefined;
  const cells = line.slice(1).split(/(?<!\\)\|/);
  return cells.slice(0, -1).map((cell) => cell.trim().replace(/^`([^`]*)`$/, "$1"));
}
