// Virtual environments with the Azure SDKs for Python and with az, created once for each machine from their requirements.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { builtOnce } from "../support/build-cache.ts";

const folderOfPython = join(dirname(fileURLToPath(import.meta.url)), "python");

/** Absolute path of the `python` of an environment with the Azure SDKs. Rejects with what Python or pip said. */
export function pythonWithAzure(): Promise<string> {
  return pythonWith("requirements.txt", "the Azure SDKs for Python (about 20 s, once)");
}

/** The same with az, as its module `azure.cli`; some 700 MB. */
export function pythonWithAz(): Promise<string> {
  return pythonWith("requirements-az.txt", "az (about 2 min, once)");
}

async function pythonWith(file: string, what: string): Promise<string> {
  const requirements = join(folderOfPython, file);
  // The environment is bound to the interpreter that created it.
  const interpreter = await run("python3", "-c", "import sys; print(sys.version, sys.base_prefix)");
  const hash = createHash("sha256")
    .update(await readFile(requirements))
    .update(interpreter);
  const folder = await builtOnce({
    name: `clients-python-${hash.digest("hex").slice(0, 16)}`,
    announcement: `installing ${what}`,
    into: async (target) => {
      await run("python3", "-m", "venv", target);
      const pip = ["-m", "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:", "-r", requirements];
      await run(join(target, "bin", "python"), ...pip);
    },
  });
  return join(folder, "bin", "python");
}

async function run(program: string, ...args: string[]): Promise<string> {
  try {
    return (await promisify(execFile)(program, args)).stdout;
  } catch (error) {
    const { code, stdout, stderr } = error as { code?: string | number; stdout?: string; stderr?: string };
    if (code === "ENOENT") throw new Error(`Python 3 is not installed (no \`${program}\` on PATH)`);
    const output = `${stdout ?? ""}${stderr ?? ""}`.slice(-4000); // venv says on its standard output that ensurepip is missing
    throw new Error(`${program} ${args.join(" ")} failed (${code}):\n${output}`);
  }
}
