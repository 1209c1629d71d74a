/**
 * What the commands that an operator runs beside a controller have in common: they read the controller's own configuration, so
 * that they see exactly what the controller may see, and run with somebody's own sign-in and kubeconfig as well.
 */
import { existsSync } from "node:fs";
import { delimiter } from "node:path";
import { type ControllerConfig, checkController, toControllerConfig } from "../config/controller.ts";
import { findFileProblems } from "../config/controller-files.ts";
import { controllerSettings } from "../config/controller-settings.ts";
import type { SettingProblem } from "../config/problem.ts";
import type { Draft, ValuesOf } from "../config/setting.ts";
import { trustCloud } from "./trust-cloud.ts";

/** All of the controller's, including those that only serving needs: its configuration file is read unchanged. */
export const operatorSettings = {
  ...controllerSettings,
  // People run these beside their kubectl; a controller takes no cluster from a shell's environment.
  kubeconfig: { ...controllerSettings.kubeconfig, alsoFrom: ["KUBECONFIG"] },
};

type OperatorDraft = Draft<typeof operatorSettings>;

/** What is wrong with the controller's settings in such a command. */
export function findOperatorProblems(draft: OperatorDraft, env: NodeJS.ProcessEnv): SettingProblem[] {
  const { kubeconfig = "" } = draft;
  const isOneFile = !kubeconfig.includes(delimiter) || existsSync(kubeconfig);
  const files = findFileProblems(isOneFile ? draft : { ...draft, kubeconfig: undefined }, env);
  const problems = [...checkController(draft), ...files].filter(({ setting }) => !isOfController(draft, setting));
  const add = (name: string, problem: string) => void problems.push({ setting: name, source: `--${name}`, problem });
  if (draft.emulator === true) {
    add("emulator", "would start an empty one; use --cloud-file with the ready file of a running one");
  }
  if (!isOneFile) {
    add("kubeconfig", `"${kubeconfig}" (from $KUBECONFIG if not given) is not one file; name the one of this cluster`);
  }
  return problems;
}

/** An administrator who signs in as themselves keeps the sign-in settings of the controller's own file, which then rest. */
function isOfController({ credential }: OperatorDraft, name: string): boolean {
  return credential === "azure-cli" && (name === "client-id" || name === "token-file");
}

/** The controller's configuration; from here on the process trusts the certificates of the configured cloud. */
export function toOperatorConfig(values: ValuesOf<typeof operatorSettings>): ControllerConfig {
  const config = toControllerConfig(values);
  trustCloud(config.cloud);
  return config;
}
