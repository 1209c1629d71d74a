// Tables of the documents: a blank line within one, as a merge leaves it, shows its rows as text.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { repository } from "../support/sources.ts";

const DOCUMENTS = [
  "README.md",
  "CHANGELOG.md",
  "CONTRIBUTING.md",
  ...readdirSync(join(repository, "docs"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".md"))
    .map((path) => join("docs", path)),
];

/** Cells of a row; `\|` is text. */
const cells = (row: string) => row.trim().split(/(?<!\\)\|/).length - 2;

function findFaults(text: string): string[] {
  const lines = text.replaceAll(/^ *```[\s\S]*?^ *```/gm, (block) => block.replaceAll(/[^\n]/g, "")).split("\n");
  const isRow = (line = "") => /^\s*\|/.test(line);
  const faults: string[] = [];
  let first = 0;
  for (const [index, line] of lines.entries()) {
    if (!isRow(line)) continue;
    if (!isRow(lines[index - 1])) first = index;
    if (index === first && !/^\s*\|[-:| ]+\|$/.test(lines[index + 1] ?? "")) faults.push(`${index + 1}: no header`);
    if (cells(line) !== cells(lines[first] ?? "")) faults.push(`${index + 1}: another number of cells`);
  }
  return faults;
}

describe("the documents' tables", () => {
  for (const path of DOCUMENTS) {
    it(`are whole in ${path}`, () => {
      assert.deepEqual(findFaults(readFileSync(join(repository, path), "utf8")), []);
    });
  }

  it("would be found torn", () => {
    assert.deepEqual(findFaults("| a |\n|---|\n| 1 |\n\n| 2 |\n"), ["5: no header"]);
    assert.deepEqual(findFaults("| a |\n|---|\n| 1 | 2 |\n"), ["3: another number of cells"]);
  });
});
