// `keyless-csi static` as a process of its own, beside the controller of an installation and with its rights.
import { execFile } from "node:child_process";
import { join } from "node:path";
import type { Installation } from "./installation.ts";

const program = join(import.meta.dirname, "..", "..", "bin", "keyless-csi.mjs");

export interface StaticAnswer {
  readonly code: number;
  /** YAML. */
  readonly stdout: string;
  readonly stderr: string;
}

/** Whatever its exit code. The cluster is found as kubectl finds it. */
export function staticOf(
  { driver, kubeconfig }: Pick<Installation, "driver" | "kubeconfig">,
  clusterId: string,
  flags: readonly string[],
): Promise<StaticAnswer> {
  const argv = [program, "static", "--cloud-file", driver.readyFile, "--cluster-id", clusterId, ...flags];
  const env = { ...process.env, KUBECONFIG: kubeconfig };
  return new Promise((resolve) => {
    execFile(process.execPath, argv, { env }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr });
    });
  });
}
