// Runs suites that need a node: builds the control plane and the FUSE client first, since nothing can be downloaded inside,
// checks what must be installed, and enters the namespaces.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { runIsolated } from "../test/support/isolation.ts";
import { buildForNode } from "../test/support/tools.ts";

const repository = resolve(dirname(fileURLToPath(import.meta.url)), "..");

/** Debian's packages of the programs that are required by name. */
const NEEDED = { fusermount3: "fuse3", python3: "python3", unshare: "util-linux", setpriv: "util-linux" };

/** Runs mocha on these files and answers its exit code: 2, with one line on standard error, when something is missing. */
export async function runOnNode(specs: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<number> {
  const missing = findMissing();
  if (missing !== undefined) {
    process.stderr.write(`this suite mounts file systems in namespaces of its own: ${missing}\n`);
    return 2;
  }
  await buildForNode();
  const mocha = join(repository, "node_modules", "mocha", "bin", "mocha.js");
  // --exit: handles that a failed set-up left open must not block the run.
  return runIsolated([process.execPath, mocha, "--exit", ...specs], env);
}

/** What the machine lacks, or undefined. Asked before the first build, which takes minutes. */
function findMissing(): string | undefined {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "run it on Linux, as root";
  if (!existsSync("/dev/fuse")) return "/dev/fuse is missing: load the kernel module fuse";
  for (const [program, debianPackage] of Object.entries(NEEDED)) {
    try {
      execFileSync("sh", ["-c", `command -v ${program}`]);
    } catch {
      return `${program} is missing: install it (Debian: apt-get install ${debianPackage})`;
    }
  }
  try {
    execFileSync("unshare", ["--net", "--mount", "--pid", "--fork", "true"]);
    return undefined;
  } catch {
    return "this machine allows no namespaces (unshare failed)";
  }
}
