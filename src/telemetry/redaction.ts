/**
 * What may leave the process in a log: a closed list of field names, and every text scrubbed of credentials. Both, because
 * an error of a foreign library can carry a token in its message.
 */
import { cut } from "../text/cut.ts";

/** Every field that a log line may have. Any other is dropped, and its name listed in the field `dropped`. */
export const LOGGED_FIELDS = [
  "account",
  "action",
  "because",
  "callId",
  "claim",
  "cloud",
  "clusterId",
  "clusterUid",
  "code",
  "container",
  "correlationId",
  "credential",
  "driverName",
  "endpoint",
  "error",
  "errorCode",
  "event",
  "fix",
  "gracePeriodMs",
  "how",
  "kind",
  "listen",
  "location",
  "method",
  "milliseconds",
  "nonEntraAccess",
  "operation",
  "principalId",
  "reason",
  "requestId",
  "resourceGroup",
  "resourceId",
  "result",
  "roleAssignment",
  "roleId",
  "signal",
  "status",
  "step",
  "storageClass",
  "subscriptionId",
  "task",
  "version",
  "volume",
  "volumeId",
  "warning",
] as const;

export type LoggedField = (typeof LOGGED_FIELDS)[number];

/** What a log line may say besides its message. `error` may be anything thrown. */
export type LogFields = { readonly [F in LoggedField]?: F extends "error" ? unknown : string | number | undefined };

const DEEPEST_CAUSE = 8;
const LONGEST_DESCRIPTION = 4000;
/** Characters of a field that is no error: an ARM id has a few hundred. */
const LONGEST_FIELD = 1000;

/**
 * One line for anything thrown: its message and those of its causes, scrubbed, without a stack. Only names, codes and
 * messages are read: the request and response that SDK errors carry hold headers with tokens.
 */
export function describeError(error: unknown): string {
  const parts: string[] = [];
  const seen = new Set<unknown>();
  let current = error;
  while (current !== undefined && current !== null && !seen.has(current) && parts.length < DEEPEST_CAUSE) {
    seen.add(current);
    parts.push(cut(describeOne(current), LONGEST_DESCRIPTION));
    current = current instanceof Error ? current.cause : undefined;
  }
  const whole = parts.length === 0 ? String(error) : parts.join(": caused by ");
  return cut(whole, LONGEST_DESCRIPTION);
}

function describeOne(error: unknown): string {
  if (!(error instanceof Error)) return typeof error === "string" ? error : `a thrown ${typeof error}`;
  const code = "code" in error && typeof error.code === "string" ? ` (${error.code})` : "";
  const name = error.name === "Error" || error.name === "DriverError" ? "" : `${error.name}: `;
  const inner = error instanceof AggregateError ? error.errors.slice(0, 4).map(describeOne).join("; ") : "";
  return `${name}${error.message || inner}${code}`;
}

const ALLOWED: ReadonlySet<string> = new Set(LOGGED_FIELDS);

/** Adds to `line` the fields that may be logged, scrubbed, and the names of those that may not as `dropped`. */
export function addRedacted(line: Record<string, unknown>, fields: Readonly<Record<string, unknown>>): void {
  const dropped: string[] = [];
  for (const name in fields) {
    const value = fields[name];
    if (value === undefined) continue;
    const shown = ALLOWED.has(name) ? toShown(name, value) : undefined;
    if (shown === undefined) dropped.push(cut(name, LONGEST_FIELD));
    else line[name] = shown;
  }
  if (dropped.length > 0) line["dropped"] = dropped;
}

function toShown(name: string, value: unknown): unknown {
  if (value instanceof Error || name === "error") return describeError(value);
  if (typeof value === "string") return cut(value, LONGEST_FIELD);
  return typeof value === "number" ? value : undefined;
}
