// Version 0.1.0 as it was: its program and its deploy/manifests, from the archive beside this file, so that no history is needed:
//   git archive v0.1.0 bin src proto scripts/require-node.mjs deploy/manifests package.json ':!src/emulator' | gzip -9n
import { execFile } from "node:child_process";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { repository } from "../support/sources.ts";

/** An unpacked version. */
export interface FormerVersion {
  /** What its image starts, for `startPod`. */
  readonly entryPoint: readonly [path: string, ...args: string[]];
  /** Its deploy/manifests. */
  readonly manifests: string;
  /** Replaces values in its ConfigMap, as who installed it did: each stands as `key: value` in it. */
  configure(values: Readonly<Record<string, string>>): Promise<void>;
}

/** Unpacks it into the folder. It runs with the packages of this version, which have its versions and more. */
export async function unpackFormerVersion(folder: string): Promise<FormerVersion> {
  const root = join(folder, "v0.1.0");
  await mkdir(root);
  await promisify(execFile)("tar", ["-xzf", join(import.meta.dirname, "v0.1.0.tar.gz"), "-C", root]);
  await symlink(join(repository, "node_modules"), join(root, "node_modules"));
  const manifests = join(root, "deploy/manifests");
  return {
    entryPoint: [process.execPath, join(root, "bin/keyless-csi.mjs")],
    manifests,
    async configure(values) {
      const file = join(manifests, "configuration.yaml");
      let text = await readFile(file, "utf8");
      for (const [key, value] of Object.entries(values)) {
        const line = new RegExp(`^( +${key}: )\\S+`, "m");
        if (!line.test(text)) throw new Error(`the ConfigMap of 0.1.0 has no ${key}`);
        text = text.replace(line, `$1${value}`);
      }
      await writeFile(file, text);
    },
  };
}
