/**
 * Variables of the environment that look like settings and are none: a misspelt one would otherwise be ignored without a word.
 * What Kubernetes puts there itself, for each Service whose name begins with keyless-csi, is left alone.
 */
import { findNearest } from "../text/nearest.ts";
import type { SettingProblem } from "./problem.ts";
import { toEnvironmentName } from "./setting.ts";

const PREFIX = "KEYLESS_CSI_";

/** Not settings: the stack of a failure, and what the repository's own tests are run with. */
const OTHERS =
  /^KEYLESS_CSI_(?:DEBUG|CACHE|FULL|FIGURES|SCREENSHOTS|BLOBPLUGIN|BLOBFUSE|STEP|SOURCES|LIVE(?:_.*)?|TEST_.*)$/;

/**
 * Docker's link variables, which the kubelet sets for each Service ("Accessing the Service", environment variables). By their
 * values too: KEYLESS_CSI_HTTP_PORT=8080 is a mistake.
 */
const OF_SERVICES: readonly (readonly [name: RegExp, value: RegExp])[] = [
  [/^KEYLESS_CSI_(?:.+_)?SERVICE_HOST$/, /^(?:[0-9a-f.:]+|None)$/i],
  [/^KEYLESS_CSI_(?:.+_)?SERVICE_PORT(?:_.+)?$/, /^\d+$/],
  [/^KEYLESS_CSI_(?:.+_)?PORT(?:_\d+_(?:TCP|UDP|SCTP))?$/, /^(?:tcp|udp|sctp):\/\//i],
  [/^KEYLESS_CSI_(?:.+_)?PORT_\d+_(?:TCP|UDP|SCTP)_PROTO$/, /^(?:tcp|udp|sctp)$/i],
  [/^KEYLESS_CSI_(?:.+_)?PORT_\d+_(?:TCP|UDP|SCTP)_PORT$/, /^\d+$/],
  [/^KEYLESS_CSI_(?:.+_)?PORT_\d+_(?:TCP|UDP|SCTP)_ADDR$/, /^[0-9a-f.:]+$/i],
];

/** The variables with our prefix that no setting among `flags` has. Empty ones count as absent. */
export function findUnknownVariables(env: NodeJS.ProcessEnv, flags: Iterable<string>): string[] {
  const known = new Set([...flags].map(toEnvironmentName));
  return Object.entries(env)
    .filter(([name, value = ""]) => name.startsWith(PREFIX) && value !== "" && !known.has(name))
    .filter(([name, value = ""]) => !OTHERS.test(name) && !isOfService(name, value))
    .map(([name]) => name);
}

/** One problem each, with the nearest name. A value is not shown: it may be a secret. */
export function toVariableProblems(names: readonly string[], flags: Iterable<string>): SettingProblem[] {
  const known = [...flags].map(toEnvironmentName);
  return names.map((name) => {
    const nearest = findNearest(
      name.slice(PREFIX.length),
      known.map((each) => each.slice(PREFIX.length)),
    );
    const advice =
      nearest === undefined ? "remove it; see --help for those that exist" : `did you mean ${PREFIX}${nearest}?`;
    return { setting: "", source: name, problem: `is not a setting; ${advice}` };
  });
}

function isOfService(name: string, value: string): boolean {
  return OF_SERVICES.some(([names, values]) => names.test(name) && values.test(value));
}
