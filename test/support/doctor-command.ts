// `keyless-csi doctor` as a process of its own, beside the controller of an installation and with its rights.
import { execFile } from "node:child_process";
import { join } from "node:path";
import type { CheckResult } from "../../src/doctor/run.ts";
import type { Installation } from "./installation.ts";

const program = join(import.meta.dirname, "..", "..", "bin", "keyless-csi.mjs");

export interface DoctorAnswer {
  readonly code: number;
  readonly checks: readonly CheckResult[];
}

/** Rejects with the standard error of a run that prints no report. */
export function doctorOf(
  { driver, kubeconfig }: Pick<Installation, "driver" | "kubeconfig">,
  clusterId: string,
  flags: readonly string[] = [],
): Promise<DoctorAnswer> {
  const where = ["--cloud-file", driver.readyFile, "--cluster-id", clusterId, "--namespace", "kube-system"];
  const argv = [program, "doctor", ...where, "--output", "json", ...flags];
  return new Promise((resolve, reject) => {
    const env = { ...process.env, KUBECONFIG: kubeconfig };
    execFile(process.execPath, argv, { env }, (error, stdout, stderr) => {
      if (stdout === "") return reject(new Error(stderr));
      const { checks } = JSON.parse(stdout) as Pick<DoctorAnswer, "checks">;
      resolve({ checks, code: typeof error?.code === "number" ? error.code : 0 });
    });
  });
}
