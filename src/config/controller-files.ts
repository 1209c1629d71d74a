/** The files that the controller reads at its start and again later, and who it signs in as, as far as its settings need them. */

import type { controllerSettings } from "./controller-settings.ts";
import { findCertificateFault, findReadFault } from "./files.ts";
import type { SettingProblem } from "./problem.ts";
import type { Draft } from "./setting.ts";

/** Where the workload identity webhook tells a pod its token's file, and its identity. */
const WEBHOOK_FILE = "AZURE_FEDERATED_TOKEN_FILE";
const WEBHOOK_CLIENT = "AZURE_CLIENT_ID";

/** What is missing or cannot be read, with the setting that names it. */
export function findFileProblems(draft: Draft<typeof controllerSettings>, env: NodeJS.ProcessEnv): SettingProblem[] {
  const { kubernetes, kubeconfig, cloudFile } = draft;
  const ofCloud = cloudFile?.caFile;
  return [
    ...(ofCloud === undefined ? [] : problemsOf("cloud-file", "--cloud-file: caFile", ofCloud, findCertificateFault)),
    ...findTokenFileProblems(draft, env),
    ...findClientProblems(draft, env),
    ...(kubernetes === "off" || kubeconfig === undefined ? [] : problemsOf("kubeconfig", "--kubeconfig", kubeconfig)),
  ];
}

function findTokenFileProblems(
  { credential, tokenFile, cloudFile, emulator }: Draft<typeof controllerSettings>,
  env: NodeJS.ProcessEnv,
): SettingProblem[] {
  const ofCloud = cloudFile?.controller?.tokenFile;
  const isByCloud = credential === "cloud-file" || (credential === "default" && ofCloud !== undefined);
  // Other ways to sign in read no such file: a configuration that is used elsewhere too may name one that is not here.
  if (emulator === true || !(isByCloud || credential === "workload-identity")) return [];
  if (tokenFile !== undefined) return problemsOf("token-file", "--token-file", tokenFile);
  if (isByCloud) {
    return ofCloud === undefined ? [] : problemsOf("cloud-file", "--cloud-file: controller.tokenFile", ofCloud);
  }
  const ofWebhook = env[WEBHOOK_FILE] ?? "";
  if (ofWebhook !== "") return problemsOf("token-file", WEBHOOK_FILE, ofWebhook);
  const problem =
    `is required with --credential=workload-identity where ${WEBHOOK_FILE} is not set; name the file with the ` +
    "controller's projected ServiceAccount token";
  return [{ setting: "token-file", source: "--token-file", problem }];
}

function findClientProblems({ credential, clientId }: Draft<typeof controllerSettings>, env: NodeJS.ProcessEnv) {
  if (credential !== "workload-identity" || clientId !== undefined || (env[WEBHOOK_CLIENT] ?? "") !== "") return [];
  const problem =
    `is required with --credential=workload-identity where ${WEBHOOK_CLIENT} is not set; give the client id of the ` +
    "controller's own identity";
  return [{ setting: "client-id", source: "--client-id", problem }];
}

function problemsOf(setting: string, source: string, path: string, find = findReadFault): SettingProblem[] {
  const fault = find(path);
  return fault === undefined ? [] : [{ setting, source, value: path, problem: `${fault.wrong}; ${fault.fix}` }];
}
