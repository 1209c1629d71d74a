// `npm run demo` as a reader meets it: README.md shows what it prints, in the columns of a narrow terminal.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { repository } from "../support/sources.ts";

const run = promisify(execFile);

/** Without what differs from run to run: the port, times, and how wide they are. */
function steady(text: string): string {
  return text
    .replaceAll(/127\.0\.0\.1:\d+/g, "127.0.0.1:PORT")
    .replaceAll(/\b\d+(\.\d+)? (ms|s)\b/g, "TIME")
    .replaceAll(/ +/g, " ");
}

describe("the demo", function () {
  this.timeout(120_000); // a guard against a hang only
  let printed: string;

  before(async () => {
    const program = join(repository, "bin", "keyless-csi.mjs");
    printed = (await run(process.execPath, [program, "demo"], { cwd: repository })).stdout;
  });

  it("holds all its proofs", () => {
    assert.match(printed, /^All \d+ proofs hold/m);
    assert.doesNotMatch(printed, /^ {3}NO /m);
  });

  it("fits a terminal of 80 columns", () => {
    assert.deepEqual(
      printed.split("\n").filter((line) => line.length > 80),
      [],
    );
  });

  it("prints what README.md shows of it", () => {
    const readme = readFileSync(join(repository, "README.md"), "utf8");
    const [, shown = ""] = /^```\n(keyless-csi demo: .*?)^```$/ms.exec(readme) ?? [];
    const parts = shown.split(/^…\n/m);
    assert.ok(parts.length > 1);
    for (const part of parts) {
      for (const block of part.trim().split("\n\n")) {
        assert.ok(steady(printed).includes(steady(block)), `README.md shows what the demo does not print:\n${block}`);
      }
    }
  });
});
