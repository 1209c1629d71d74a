// What tests need built once per machine (Go programs, a Python environment) is in a cache outside the repository, each in a
// folder of its own that is either complete or absent.
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, open, readFile, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

export interface Build {
  /** Name of the folder, with a fingerprint of everything that it is built from. */
  readonly name: string;
  /** Printed while the build runs: "building x, y (about 1 min, once)". */
  readonly announcement: string;
  /** Fills the folder. It is renamed afterwards, so nothing in it may hold its path. */
  into(folder: string): Promise<void>;
}

/** The built folder, built now if this machine has not built it yet; one builder at a time across processes. */
export async function builtOnce(build: Build): Promise<string> {
  const target = join(cacheFolder(), build.name);
  if (existsSync(target)) return target;
  await mkdir(dirname(target), { recursive: true });
  const release = await lock(`${target}.lock`);
  try {
    if (!existsSync(target)) await buildInto(target, build);
  } finally {
    await release();
  }
  return target;
}

/** Builds beside the target and renames, so that a folder that exists is complete. */
async function buildInto(target: string, { announcement, into }: Build): Promise<void> {
  const started = Date.now();
  const seconds = () => Math.round((Date.now() - started) / 1000);
  print(`${announcement} into ${target}`);
  const stillAlive = setInterval(() => print(`still building ${basename(target)}, ${seconds()} s`), 30_000);
  const workFolder = await mkdtemp(`${target}.building-`);
  try {
    await into(workFolder);
    await rename(workFolder, target);
  } finally {
    clearInterval(stillAlive);
    await rm(workFolder, { recursive: true, force: true });
  }
  print(`built ${basename(target)} in ${seconds()} s`);
}

function cacheFolder(): string {
  const { KEYLESS_CSI_CACHE, XDG_CACHE_HOME } = process.env;
  return join(KEYLESS_CSI_CACHE || join(XDG_CACHE_HOME || join(homedir(), ".cache"), "keyless-csi"), "tools");
}

/** The lock file holds the owner's process id; a dead owner's is taken over. */
async function lock(path: string): Promise<() => Promise<void>> {
  for (;;) {
    const file = await open(path, "wx").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "EEXIST") return undefined;
      throw error;
    });
    if (file) {
      await file.writeFile(`${process.pid}\n`);
      await file.close();
      return () => rm(path, { force: true });
    }
    const text = await readFile(path, "utf8").catch(() => "");
    const owner = Number.parseInt(text, 10);
    if (owner > 0 && !isAlive(owner)) await rm(path, { force: true });
    else await delay(500); // nothing to await: the other builder is another process
  }
}

function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function print(line: string): void {
  process.stderr.write(`${line}\n`);
}
