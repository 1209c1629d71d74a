/**
 * `keyless-csi doctor`: says in a minute what is wrong with an installation and what to do about it. Reads only. It runs with the
 * controller's own configuration, best in the controller's pod: Azure says which rights the one who asks has.
 */
import { createDoctorContext } from "../app/doctor.ts";
import { namespaceName } from "../config/controller-kinds.ts";
import { choice, toggle } from "../config/kinds.ts";
import { className, namespacedName } from "../config/object-kinds.ts";
import { optional, setting, type ValuesOf } from "../config/setting.ts";
import { selectChecks } from "../doctor/catalogue.ts";
import type { ClusterInspection } from "../doctor/ports.ts";
import { type CheckResult, runChecks } from "../doctor/run.ts";
import { createLogger } from "../telemetry/log.ts";
import type { ClaimRef } from "../volume/ports.ts";
import { defineCommand, EXIT } from "./command.ts";

import { neededRights } from "./doctor/needed-rights.ts";
import { showProgress } from "./doctor/progress.ts";
import { createTextReport, toJsonReport } from "./doctor/report.ts";
import type { OperatorRun } from "./operator-run.ts";
import { findOperatorProblems, operatorSettings, toOperatorConfig } from "./operator-settings.ts";

const DOCTOR = "Doctor";

// Its own first: that is the order of the help.
const settings = {
  pre: setting(toggle, {
    group: DOCTOR,
    help: "check what an installation needs, before there is one",
    fallback: "false",
  }),
  namespace: optional(namespaceName, {
    group: DOCTOR,
    help: "where the controller runs",
    absent: "that of the pod, or of the kubeconfig's context",
  }),
  class: optional(className, { group: DOCTOR, help: "the only StorageClass to look at", absent: "all of the driver" }),
  claim: optional(namespacedName, { group: DOCTOR, help: "say why this claim waits", absent: "no claim is looked at" }),
  output: setting(choice(["table", "short", "json"]), {
    group: DOCTOR,
    help: "output format; short leaves out what is as it should be",
    fallback: "table",
  }),
  ...operatorSettings,
};

export type DoctorValues = Pick<ValuesOf<typeof settings>, "pre" | "output"> & {
  readonly namespace?: string | undefined;
  readonly class?: string | undefined;
  readonly claim?: ClaimRef | undefined;
};

/** What the command runs with besides its settings; tests pass their own cluster, or one reader of it. */
export interface DoctorRun extends OperatorRun {
  readonly values: DoctorValues;
  readonly signal: AbortSignal;
  readonly inspection?: ClusterInspection;
}

/** Runs the checks, prints what they find and returns the exit code. */
export async function runDoctor(run: DoctorRun): Promise<number> {
  const { values, stdout } = run;
  const text = values.output === "json" ? undefined : createTextReport(stdout, values.output === "short");
  const { results, calls } = await diagnose(run, (result) => text?.show(result));
  if (text === undefined) stdout.write(toJsonReport(results, calls));
  else text.end(results);
  return results.some(({ status }) => status === "error") ? EXIT.findings : EXIT.ok;
}

/** The results alone, for `support`; `calls` counts requests to Azure. */
export async function diagnose(
  { config, values, stderr, signal, cluster, inspection }: DoctorRun,
  show: (result: CheckResult) => void = () => undefined,
): Promise<{ readonly results: readonly CheckResult[]; readonly calls: number }> {
  let calls = 0;
  const context = await createDoctorContext({
    config,
    // A check says itself what has failed; the log would say it again.
    log: createLogger({ level: "error", format: config.logFormat, stream: stderr }),
    azureCalled() {
      calls += 1;
    },
    neededRights: neededRights(config),
    now: Date.now,
    ...(values.class !== undefined && { className: values.class }),
    ...(values.claim !== undefined && { claim: values.claim }),
    ...(values.namespace !== undefined && { namespace: values.namespace }),
    ...(cluster && { cluster }),
    ...(inspection && { inspection }),
  });
  const progress = showProgress(stderr);
  const results = await runChecks(selectChecks(context, { isPre: values.pre }), context, {
    signal,
    begun: ({ title }) => progress.show(title),
    done(result) {
      progress.clear();
      show(result);
    },
  });
  return { results, calls };
}

export const command = defineCommand({
  settings,
  check: findOperatorProblems,
  async run({ values, stdout, stderr, signal }) {
    return await runDoctor({ config: toOperatorConfig(values), values, stdout, stderr, signal });
  },
});
