/**
 * What may leave the process in a log: a closed list of field names, and a scrubber that takes credentials out of every
 * text. Both, because an error of a foreign library can carry a token in its message.
 */

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

/** Credentials as they are written in headers, URLs, connection strings, forms and JSON, and what stands in place. */
const CREDENTIALS: readonly (readonly [RegExp, string])[] = [
  [/eyJ[\w-]{8,}(?:\.[\w-]*){0,4}/g, "[token]"],
  [/\b(Bearer)\s+(?!authorization|realm|error|token\b)[\w.~+/=-]+/gi, "$1 [redacted]"],
  [/\b(SharedKey(?:Lite)?)\s+[^\s:]+:[\w+/=-]+/gi, "$1 [redacted]"],
  [/\b(authorization["']?\s*[:=]\s*["']?Basic)\s+[\w+/=-]+/gi, "$1 [redacted]"],
  [/\b((?:account|shared)(?:access)?key|sharedaccesssignature)(\s*[=:]\s*)[^;,\s"'}]+/gi, "$1$2[redacted]"],
  [/\b(sig|client_secret|client_assertion|password|(?:access|refresh|id)_token)=[^&\s"';,]+/gi, "$1=[redacted]"],
  [/(?<=\b|%3f|%26)sig%3d[^&\s"';,]+/gi, "sig%3D[redacted]"],
  [
    /("(?:access_token|refresh_token|id_token|client_secret|client_assertion|password|accountKey|token)"\s*:\s*)"[^"]*"/gi,
    '$1"[redacted]"',
  ],
  [/[A-Za-z0-9+/_-]{86}==/g, "[key]"],
];

/** `text` with every token, key and signature taken out. */
export function scrub(text: string): string {
  return CREDENTIALS.reduce((scrubbed, [form, instead]) => scrubbed.replace(form, instead), text);
}

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
