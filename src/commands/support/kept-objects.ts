/**
 * What is kept of a Kubernetes object. Where people put values of their own, only what this driver or Kubernetes itself gives a
 * meaning to: annotations, environment variables, parameters of classes and attributes of volumes.
 */

import { PARAMETERS } from "../../backend/blob/parameters.ts";
import { CONTEXT_KEYS } from "../../backend/blob/volume-context.ts";
import { controllerSettings } from "../../config/controller-settings.ts";
import { toEnvironmentNames } from "../../config/setting.ts";
import { isSecretName } from "../../text/scrub-foreign.ts";
import { REDACTED, type Redactor } from "./redactor.ts";

/** Prefixes of annotations: this driver's, Kubernetes' own on volumes and claims, and those that name an identity. */
const ANNOTATIONS = [
  "keyless-csi",
  "pv.kubernetes.io/",
  "volume.kubernetes.io/",
  "volume.beta.kubernetes.io/",
  "azure.workload.identity/",
  "deployment.kubernetes.io/",
  "storageclass.kubernetes.io/",
  "coordination.k8s.io/",
  "meta.helm.sh/",
];
/** Variables that are no secret, beside those of the controller's settings. */
const VARIABLES = new Set([
  ...Object.entries(controllerSettings).flatMap(([flag, row]) => toEnvironmentNames(flag, row)),
  ..."KEYLESS_CSI_CONFIG AZURE_CLIENT_ID AZURE_TENANT_ID AZURE_AUTHORITY_HOST AZURE_FEDERATED_TOKEN_FILE".split(" "),
  ..."NODE_ENV NODE_OPTIONS NODE_EXTRA_CA_CERTS SSL_CERT_FILE MALLOC_ARENA_MAX GOMAXPROCS GOMEMLIMIT".split(" "),
  ..."HTTP_PROXY HTTPS_PROXY NO_PROXY http_proxy https_proxy no_proxy CSI_ADDRESS".split(" "),
]);
/** In lower case, as they are compared. */
const PARAMETER_NAMES = new Set(
  [
    ...PARAMETERS.filter((row) => "field" in row).map(({ name }) => name),
    ...Object.keys(CONTEXT_KEYS),
    "csi.storage.k8s.io/fstype",
    "storage.kubernetes.io/csiProvisionerIdentity",
  ].map((name) => name.toLowerCase()),
);

type Fields = Readonly<Record<string, unknown>>;

/** A copy that still has to pass the redactor; what is withheld here the redactor removes from everything that follows. */
export function keepObject(object: Fields, withhold: Redactor["withhold"]): unknown {
  return keep(object, "", withhold);
}

function keep(value: unknown, name: string, withhold: Redactor["withhold"]): unknown {
  if (Array.isArray(value)) return keepList(value, name, withhold);
  if (typeof value !== "object" || value === null) return value;
  const fields = value as Fields;
  const keptAs = (isKept: (key: string) => boolean) =>
    mapFields(fields, (key, each) => (isKept(key) ? each : withheld(key, each, withhold)));
  if (name === "annotations") return pick(fields, (key) => ANNOTATIONS.some((prefix) => key.startsWith(prefix)));
  if (name === "parameters" || name === "volumeAttributes") {
    return keptAs((key) => PARAMETER_NAMES.has(key.toLowerCase()));
  }
  return mapFields(
    pick(fields, (key) => key !== "managedFields"),
    (key, each) => keep(each, key, withhold),
  );
}

function keepList(list: readonly unknown[], name: string, withhold: Redactor["withhold"]): unknown {
  if (name === "env") return list.map((each) => keepVariable(each as Fields, withhold));
  if (name === "httpHeaders") return list.map((each) => ({ ...(each as Fields), value: REDACTED }));
  if (name === "args" || name === "command") return keepArguments(list.map(String), withhold);
  return list.map((each) => keep(each, name, withhold));
}

function keepVariable(variable: Fields, withhold: Redactor["withhold"]): unknown {
  const { name, value } = variable;
  if (typeof value !== "string" || VARIABLES.has(String(name))) return variable;
  return { ...variable, value: withheld(String(name), value, withhold) };
}

/** A flag of a secret name, and its value in the next argument. Values in the same argument are the redactor's business. */
function keepArguments(list: readonly string[], withhold: Redactor["withhold"]): readonly string[] {
  return list.map((each, index) => {
    const [flag = "", value] = splitFlag(each);
    if (value !== undefined && isSecretName(flag)) return `${flag}=${withheld(flag, value, withhold)}`;
    const before = list[index - 1] ?? "";
    return before.startsWith("-") && isSecretName(before) ? withheld(before, each, withhold) : each;
  });
}

function splitFlag(argument: string): readonly [string, string?] {
  const equals = argument.indexOf("=");
  return equals === -1 ? [argument] : [argument.slice(0, equals), argument.slice(equals + 1)];
}

/** The value of a secret name is removed from logs too; that of another name could be any word of them. */
function withheld(name: string, value: unknown, withhold: Redactor["withhold"]): string {
  if (typeof value === "string" && isSecretName(name)) withhold(value);
  return REDACTED;
}

function pick(fields: Fields, isKept: (key: string) => boolean): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([key]) => isKept(key)));
}

function mapFields(fields: Fields, map: (key: string, value: unknown) => unknown): Fields {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, map(key, value)]));
}
