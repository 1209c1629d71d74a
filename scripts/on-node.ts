// Runs suites that need a node: builds the control plane and the FUSE client first, since nothing can be downloaded inside,
// checks what must be installed, and enters the namespaces.
import { execFileSync } from "node:child_process";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { runIsolated } from "../test/support/isolation.ts";
import { buildForNode } from "../test/support/tools.ts";

const repository = resolve(dirname(fileURLToPath(import.meta.url)), "..");

/** Debian's packages of the programs that are required by name. */
const NEEDED = { fusermount3: "fuse3", python3: "python3", unshare: "util-linux", chroot: "coreutils" };

/** Runs mocha on these files and answers its exit code. Rejects with one line when something is missing. */
export async function runOnNode(specs: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<number> {
  for (const [program, debianPackage] of Object.entries(NEEDED)) {
    try {
      execFileSync("sh", ["-c", `command -v ${program}`]);
    } catch {
      throw new Error(`${program} is missing: install it (Debian: apt-get install ${debianPackage})`);
    }
  }
  await buildForNode();
  const mocha = join(repository, "node_modules", "mocha", "bin", "mocha.js");
  // --exit: handles that a failed set-up left open must not block the run.
  return runIsolated([process.execPath, mocha, "--exit", ...specs], env);
}
