// Mounts, from the kernel's own list: reading a folder itself would call a FUSE client that may not answer.
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export async function isMounted(folder: string): Promise<boolean> {
  return (await mountsBelow(folder)).includes(folder);
}

/** Every mount at or below a folder, in the order in which they were mounted. */
export async function mountsBelow(folder: string): Promise<string[]> {
  const table = await readFile("/proc/self/mounts", "utf8");
  const targets = table.split("\n").map((line) => line.split(" ")[1]?.replaceAll("\\040", " ") ?? "");
  return targets.filter((target) => target === folder || target.startsWith(join(folder, "/")));
}

/** Unmounts everything below a folder, but not the folder itself; lazily, since mounts may still be in use. */
export async function unmountBelow(folder: string): Promise<void> {
  const targets = (await mountsBelow(folder)).filter((target) => target !== folder);
  for (const target of targets.reverse()) await run("umount", ["--lazy", target]);
}
