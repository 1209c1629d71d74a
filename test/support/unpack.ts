// The files of a .tar.gz, unpacked by the system's tar.
import { execFile } from "node:child_process";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

/** Path below the archive's one folder -> content. `into` is created. */
export async function unpack(archive: string, into: string): Promise<ReadonlyMap<string, string>> {
  await mkdir(into);
  await promisify(execFile)("tar", ["-xzf", archive, "-C", into, "--strip-components=1"]);
  const entries = await readdir(into, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const contents = paths.map(async (path) => [path.slice(into.length + 1), await readFile(path, "utf8")] as const);
  return new Map(await Promise.all(contents));
}
