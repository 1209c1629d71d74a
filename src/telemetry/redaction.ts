/**
 * What may leave the process in a log: a closed list of field names, and a scrubber that takes credentials out of every
 * text. Both, because an error of a foreign library can carry a token in its message.
 */
import { scrub } from "../text/scrub.ts";

export { scrub };

/** Every field that a log line may have. A field that is not here is dropped, and its name told in `dropped`. */
export const LOGGED_FIELDS = [
  "account",
  "alsoOwns",
  "attempt",
  "callId",
  "cause",
  "claim",
  "clientId",
  "cloud",
  "clusterId",
  "code",
  "component",
  "container",
  "correlationId",
  "count",
  "credential",
  "driverName",
  "dropped",
  "endpoint",
  "error",
  "gracePeriodMs",
  "inFlight",
  "listen",
  "location",
  "method",
  "milliseconds",
  "namespace",
  "operation",
  "principalId",
  "reason",
  "requestId",
  "resourceGroup",
  "retryAfterSeconds",
  "roleAssignment",
  "roleDefinition",
  "serviceAccount",
  "signal",
  "sizeBytes",
  "status",
  "step",
  "storageClass",
  "subscriptionId",
  "tenantId",
  "url",
  "version",
  "volume",
  "volumeId",
] as const;

export type LoggedField = (typeof LOGGED_FIELDS)[number];

/** What a log line may say beside its message. `error` and `cause` may be anything thrown. */
export type LogFields = { readonly [F in LoggedField]?: F extends "error" | "cause" ? unknown : LoggedValue };

export type LoggedValue = string | number | boolean | readonly string[] | undefined;

const DEEPEST_CAUSE = 8;
const LONGEST_DESCRIPTION = 4000;

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
    parts.push(scrub(describeOne(current)));
    current = current instanceof Error ? current.cause : undefined;
  }
  const whole = parts.length === 0 ? String(error) : parts.join(": caused by ");
  return whole.length > LONGEST_DESCRIPTION ? `${whole.slice(0, LONGEST_DESCRIPTION)}…` : whole;
}

function describeOne(error: unknown): string {
  if (!(error instanceof Error)) return typeof error === "string" ? error : `a thrown ${typeof error}`;
  const code = "code" in error && typeof error.code === "string" ? ` (${error.code})` : "";
  const name = error.name === "Error" || error.name === "DriverError" ? "" : `${error.name}: `;
  const inner = error instanceof AggregateError ? error.errors.slice(0, 4).map(describeOne).join("; ") : "";
  return `${name}${error.message || inner}${code}`;
}

const ALLOWED: ReadonlySet<string> = new Set(LOGGED_FIELDS);

/** The fields that may be logged, scrubbed, and the names of those that may not in `dropped`. */
export function redact(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  const dropped: string[] = [];
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    const shown = ALLOWED.has(name) ? toShown(name, value) : undefined;
    if (shown === undefined) dropped.push(scrub(name));
    else kept[name] = shown;
  }
  return dropped.length === 0 ? kept : { ...kept, dropped };
}

function toShown(name: string, value: unknown): unknown {
  if (value instanceof Error || name === "error" || name === "cause") return describeError(value);
  if (typeof value === "string") return scrub(value);
  if (typeof value === "number" || typeof value === "boolean") return value;
  if (Array.isArray(value) && value.every((each) => typeof each === "string")) return value.map(scrub);
  return undefined;
}
