// A shell in which the commands of a page are run as they stand there: az, kubectl and keyless-csi, unmodified, on a control plane
// and the emulator beside it. az knows the emulator as a cloud of its own, and keyless-csi signs in with az.
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import type { Installation } from "../support/installation.ts";
import { repository } from "../support/sources.ts";
import { toolPath } from "../support/tools.ts";
import { pythonWithAz } from "./python-environment.ts";

export interface PageShell {
  /** Where it runs: a page's files are written there. */
  readonly folder: string;
  /** Rejects with what the command has printed when it ends with another code. */
  run(command: string, code?: number): Promise<string>;
  close(): Promise<void>;
}

/** Signed in as the emulator's administrator; `config.yaml` is the configuration of the installation's controller. */
export async function openPageShell(installation: Installation, clusterId: string): Promise<PageShell> {
  const { plane, driver } = installation;
  const { ready, readyFile } = driver;
  const folder = await mkdtemp(join(tmpdir(), "keyless-csi-pages-"));
  const programs = join(folder, "programs");
  await mkdir(programs);
  const program = (name: string, line: string) =>
    writeFile(join(programs, name), `#!/bin/sh\nexec ${line} "$@"\n`, { mode: 0o755 });
  await program("az", `'${await pythonWithAz()}' -m azure.cli`);
  await program("keyless-csi", `'${process.execPath}' '${repository}/bin/keyless-csi.mjs'`);
  const config = { "cloud-file": readyFile, "cluster-id": clusterId };
  await writeFile(join(folder, "config.yaml"), JSON.stringify(config));
  const env = {
    ...process.env,
    PATH: [programs, dirname(await toolPath("kubectl")), process.env["PATH"]].join(delimiter),
    HOME: folder,
    KUBECONFIG: plane.kubeconfig,
    AZURE_CONFIG_DIR: join(folder, "az"),
    AZURE_CORE_COLLECT_TELEMETRY: "false",
    AZURE_CORE_SURVEY_MESSAGE: "false",
    AZURE_CORE_INSTANCE_DISCOVERY: "false", // no authority but the emulator's can be asked here
    REQUESTS_CA_BUNDLE: ready.caFile,
  };
  const run = (command: string, wanted = 0) => runInShell(command, { cwd: folder, env }, wanted);
  const { clientId, clientSecret } = ready.administrator;
  await run(
    `az cloud register --name emulator --endpoint-resource-manager ${ready.armEndpoint} ` +
      `--endpoint-active-directory ${ready.authorityHost} --endpoint-active-directory-resource-id https://management.azure.com/ ` +
      "--suffix-storage-endpoint core.windows.net && az cloud set --name emulator && " +
      `az login --service-principal --username ${clientId} --password='${clientSecret}' --tenant ${ready.tenantId}`,
  );
  return { folder, run, close: () => rm(folder, { recursive: true, force: true }) };
}

function runInShell(command: string, options: object, wanted: number): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile("/bin/sh", ["-c", command], options, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code;
      if (code === wanted) resolve(stdout);
      else reject(new Error(`${command}: ended with ${code}\n${stdout}${stderr}`));
    });
  });
}
