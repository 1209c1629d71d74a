// How generated files are written: what is current stays untouched. With --check nothing is written, and it fails if one is out of date.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { repository } from "../test/support/sources.ts";

/** `files`: path from the repository's root -> what generates its text. `command` is what writes them. */
export async function writeGenerated(
  files: ReadonlyMap<string, () => Promise<string>>,
  command: string,
): Promise<void> {
  const onlyCheck = process.argv.includes("--check");
  for (const [path, make] of files) {
    const file = join(repository, path);
    const text = await make();
    const isCurrent = (await readFile(file, "utf8").catch(() => "")) === text;
    console.log(`${path}: ${isCurrent ? "up to date" : onlyCheck ? `out of date, run ${command}` : "written"}`);
    if (isCurrent) continue;
    if (onlyCheck) process.exitCode = 1;
    else await writeFile(file, text);
  }
}
