// A virtual environment with the Azure SDKs for Python, created once for each machine from requirements.txt.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { builtOnce } from "../support/build-cache.ts";

const requirements = join(dirname(fileURLToPath(import.meta.url)), "python", "requirements.txt");

/** Absolute path of the environment's `python`. Rejects with what Python or pip said. */
export async function pythonWithAzure(): Promise<string> {
  // The environment is bound to the interpreter that created it.
  const interpreter = await run("python3", "-c", "import sys; print(sys.version, sys.base_prefix)");
  const hash = createHash("sha256")
    .update(await readFile(requirements))
    .update(interpreter);
  const folder = await builtOnce({
    name: `clients-python-${hash.digest("hex").slice(0, 16)}`,
    announcement: "installing the Azure SDKs for Python (about 20 s, once)",
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
