// docs/reference/logs.md against the code: every field that a log line may have, the words of the audit, and that the commands
// it shows look for fields that exist.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { WriteResult } from "../../src/azure/audit.ts";
import { LOGGED_FIELDS } from "../../src/telemetry/redaction.ts";
import { readTable } from "../support/documents.ts";
import { readSources, repository } from "../support/sources.ts";

const PAGE = "docs/reference/logs.md";
const RESULTS: Readonly<Record<WriteResult, true>> = {
  done: true,
  accepted: true,
  absent: true,
  refused: true,
  failed: true,
  unknown: true,
};

describe(PAGE, () => {
  const text = readFileSync(join(repository, PAGE), "utf8");
  const firstColumn = (heading: string) => readTable(PAGE, heading).map(([cell]) => cell);

  it("lists every field in order", () => {
    assert.deepEqual(firstColumn("field"), [...LOGGED_FIELDS]);
  });

  it("lists every result and every action of the audit", () => {
    assert.deepEqual(firstColumn("result is").sort(), Object.keys(RESULTS).sort());
    const stated = readSources("src", ".ts").flatMap((source) => [
      ...source.text.matchAll(/intending\(\{ action: "([^"]+)"/g),
    ]);
    const actions = new Set(["create", "update", "delete", ...stated.map(([, action]) => action)]);
    assert.deepEqual(firstColumn("action is").sort(), [...actions].sort());
  });

  it("names every background task", () => {
    const [source = assert.fail("no file")] = readSources("src/app", "background.ts");
    const tasks = [...source.text.matchAll(/^ {4}name: "([\w-]+)",$/gm)].map(([, task = ""]) => task);
    assert.ok(tasks.length >= 3);
    const [, onPage = ""] = readTable(PAGE, "field").find(([field]) => field === "task") ?? [];
    for (const task of tasks) assert.ok(onPage.includes(`\`${task}\``), task);
  });

  it("shows commands that look for fields that exist", () => {
    const programs = [...text.matchAll(/jq -\w+ '([^']+)'/g)].map(([, program = ""]) => program);
    assert(programs.length >= 3);
    const known = ["time", "level", "message", ...LOGGED_FIELDS];
    for (const program of programs) {
      const shown = /\{([^}]*)\}/.exec(program)?.[1]?.split(/, */) ?? [];
      const asked = [...program.matchAll(/(?<![\w)\]"])\.([a-z]\w*)/gi)].map(([, field = ""]) => field);
      assert(shown.length > 0 && asked.length > 0, program);
      for (const field of [...shown, ...asked]) assert(known.includes(field), `${field} in ${program}`);
    }
  });

  it("shows commands that read every replica to its beginning", () => {
    const commands = [...text.matchAll(/^\$ .*kubectl [^\n]*logs[^\n]*$/gm)].map(([command]) => command);
    assert(commands.length >= 3);
    for (const command of commands) {
      assert.match(command, / -l app\.kubernetes\.io\/name=keyless-csi /, command);
      assert.match(command, / --tail=-1\b/, command);
      assert.doesNotMatch(command, /deploy\//, command);
    }
  });
});
