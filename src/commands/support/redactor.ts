/**
 * The only way into the bundle: every text and every JSON value passes here. A value that is withheld in one place, such as a
 * password in an environment variable, is removed from all others too, in whatever file it turns up.
 */
import { isSecretName, scrubForeign } from "../../text/scrub-foreign.ts";

export interface Redactor {
  /** Removes this value everywhere from now on, also in base64 and as part of a URL. One that is too short is an ordinary word. */
  withhold(value: string): void;
  text(text: string): string;
  /** Every text in it; what has the name of a secret goes as a whole. */
  json(value: unknown): unknown;
}

export const REDACTED = "[redacted]";
/** Characters. */
const SHORTEST = 6;

export function createRedactor(): Redactor {
  const withheld = new Set<string>();
  let pattern: RegExp | undefined;
  const text = (raw: string) => {
    pattern ??= toPattern(withheld);
    return scrubForeign(pattern === undefined ? raw : raw.replace(pattern, REDACTED));
  };
  const json = (value: unknown, name = ""): unknown => {
    if (typeof value === "string") return isSecretName(name) && !isStated(value) ? REDACTED : text(value);
    if (Array.isArray(value)) return value.map((each) => json(each, name));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [text(key), json(each, key)]));
  };
  return {
    withhold(value) {
      for (const form of formsOf(value.trim())) withheld.add(form);
      pattern = undefined;
    },
    text,
    json: (value) => json(value),
  };
}

/** As switches are: `mountWithWorkloadIdentityToken: "true"` is no token. */
function isStated(value: string): boolean {
  return value === "" || value === "true" || value === "false";
}

function formsOf(value: string): readonly string[] {
  if (value.length < SHORTEST) return [];
  const inJson = JSON.stringify(value).slice(1, -1);
  // Without the end, which depends on what follows.
  const inBase64 = Buffer.from(value).toString("base64").replace(/.?=+$/, "");
  return [value, inJson, encodeURIComponent(value), inBase64];
}

/** The longest first: one may begin with another. */
function toPattern(withheld: ReadonlySet<string>): RegExp | undefined {
  if (withheld.size === 0) return undefined;
  const longestFirst = [...withheld].sort((one, other) => other.length - one.length);
  return new RegExp(longestFirst.map((each) => RegExp.escape(each)).join("|"), "g");
}
