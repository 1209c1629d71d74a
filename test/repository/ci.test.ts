// What CI runs, checked by reading .ci/run: a suite that two steps run takes twice its time, and fails where only the later
// step has what it needs.
import assert from "node:assert/strict";
import { existsSync, globSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { repository } from "../support/sources.ts";

const read = (path: string) => readFileSync(join(repository, path), "utf8");
const ci = read(".ci/run");

/** Needs programs that not every machine can install (docs/how-to/mount-with-blobfuse2.md). */
const NOT_IN_CI = "mount";

/** The folder of test/ that a file is in. */
const folderOf = (path: string) => path.split("/")[1] ?? "";

/** Folders of test/ that an npm script names, itself or in the file of scripts/ that it runs. */
function foldersOf(script: string): readonly string[] {
  const command = (manifest.scripts as Readonly<Record<string, string>>)[script] ?? "";
  const files = [...command.matchAll(/scripts\/[\w-]+\.ts/g)].map(([path]) => read(path));
  return [command, ...files].flatMap((text) => [...text.matchAll(/\btest\/([a-z]+)\b/g)].map(([, name = ""]) => name));
}

describe("CI", () => {
  it("runs each suite in one step", () => {
    const globs = [...read("scripts/test.ts").matchAll(/"(test\/[^"]+\.test\.ts)"/g)].map(([, glob = ""]) => glob);
    const steps = [...ci.matchAll(/^step \S+ npm run (\S+)$/gm)].map(([, script = ""]) => script);
    const files = globs.flatMap((glob) => globSync(glob, { cwd: repository }));
    assert.equal(new Set(files).size, files.length, "no file is run by both processes");
    assert.equal(
      files.filter((file) => folderOf(file) === "csi").length,
      globSync("test/csi/*.test.ts", { cwd: repository }).length,
    );
    const ran = [
      ...new Set(files.map(folderOf)),
      ...["check", ...steps].flatMap((script) => [...new Set(foldersOf(script))]),
    ];
    const suites = new Set(globSync("test/**/*.test.ts", { cwd: repository }).map(folderOf));
    suites.delete(NOT_IN_CI);
    assert.deepEqual(ran.sort(), [...suites].sort());
  });

  it("builds every tool before the tests", () => {
    const [, built = ""] = /^step tools node test\/support\/tools\.ts (.*)$/m.exec(ci) ?? [];
    const modules = readdirSync(join(repository, "test/tools")).filter((name) =>
      existsSync(join(repository, "test/tools", name, "go.mod")),
    );
    assert.deepEqual(built.split(" ").sort(), modules.sort());
  });
});
