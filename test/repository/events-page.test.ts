// docs/reference/events.md against the sources: a reason that the service can write has a row, with its type, and no other has.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readTable } from "../support/documents.ts";
import { readSources, repository } from "../support/sources.ts";
import { spansOf } from "../support/troubleshooting-page.ts";
import { readUserMessages } from "../support/user-messages.ts";

const PAGE = "docs/reference/events.md";

describe(PAGE, function () {
  this.timeout(60_000); // a guard against a hang only: the compiler reads all sources once
  const rows = readTable(PAGE, "reason").map(([reasons = "", type, when = "", todo = ""]) => {
    return { reasons: spansOf(reasons), type, when, todo };
  });

  it("has a row for every reason of an event, and for nothing else", () => {
    assert.deepEqual(rows.flatMap(({ reasons }) => reasons).sort(), readUserMessages().reasons);
  });

  it("says which of them are of type Normal", () => {
    const informing = readSources("src", ".ts").flatMap(({ text }) => [
      ...text.matchAll(/informClaim\([^;]*?reason: "(\w+)"/g),
    ]);
    const normal = rows.filter(({ type }) => type === "Normal").flatMap(({ reasons }) => reasons);
    assert.deepEqual(normal, [...new Set(informing.map(([, reason]) => reason))]);
    assert.ok(normal.length > 0 && rows.every(({ type = "" }) => ["Normal", "Warning"].includes(type)));
  });

  it("says of each when it is written, and what to do", () => {
    for (const { reasons, when, todo } of rows) assert.ok(when.length > 20 && todo.length > 5, reasons[0]);
  });

  it("is led to by the README and by the page of messages", () => {
    for (const [page, target] of [
      ["README.md", "docs/reference/events.md"],
      ["docs/how-to/troubleshooting.md", "../reference/events.md"],
    ] as const) {
      assert.ok(readFileSync(join(repository, page), "utf8").includes(`](${target})`), page);
    }
  });
});
