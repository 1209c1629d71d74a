// `keyless-csi orphans` as a process of its own, beside the controller of an installation and with its rights.
import { execFile } from "node:child_process";
import { join } from "node:path";
import type { Installation } from "./installation.ts";

const program = join(import.meta.dirname, "..", "..", "bin", "keyless-csi.mjs");

export interface OrphansAnswer {
  readonly code: number;
  readonly findings: readonly {
    readonly kind: string;
    readonly id: string;
    readonly outcome: string;
    readonly retained: boolean;
    readonly keptBecause?: string;
    readonly claim?: string;
  }[];
  readonly containersInUse: number;
}

/** The controller's rights, and where its Azure is. */
interface Where {
  readonly driver: Pick<Installation["driver"], "readyFile">;
  readonly kubeconfig: string;
}

/** Rejects with the standard error of a run that prints no report. Whatever exists is old enough. */
export function orphansOf(
  { driver, kubeconfig }: Where,
  clusterId: string,
  flags: readonly string[] = [],
): Promise<OrphansAnswer> {
  const where = ["--cloud-file", driver.readyFile, "--cluster-id", clusterId];
  const argv = [program, "orphans", ...where, "--older-than", "0s", "--output", "json", ...flags];
  return new Promise((resolve, reject) => {
    // The cluster as kubectl finds it.
    const env = { ...process.env, KUBECONFIG: kubeconfig };
    execFile(process.execPath, argv, { env }, (error, stdout, stderr) => {
      if (stdout === "") reject(new Error(stderr));
      else
        resolve({ ...(JSON.parse(stdout) as OrphansAnswer), code: typeof error?.code === "number" ? error.code : 0 });
    });
  });
}
