/**
 * Removes credentials from what others have written: logs of sidecars, manifests, events. Stricter than `scrub`, since here a
 * word lost from a harmless line costs little, and slower: it is for reports that are made now and then.
 */
import { scrub } from "./scrub.ts";

/** Ends of names whose values are secrets, in the spellings of environments, flags, YAML, JSON and connection strings. */
const SECRET =
  "(?:pass(?:word|wd|phrase)|pwd|secret|token|connection[-_ ]?string|\\bsas|\\bauth|" +
  "(?:api|subscription|account|access|private|shared|signing|encryption|client|storage|primary|secondary|master)[-_]?key)";
const SECRET_NAME = new RegExp(`${SECRET}$`, "i");
/** What is said of a secret without being one, or was put in its place before. */
const HARMLESS = /^\\*["']?(?:true|false|null|none|secrets|\d{1,5}|\[.*)\\*["']?$/i;
/** A text in quotes, which may be escaped themselves, a line of a YAML block, or what stands up to a delimiter. */
const VALUE = String.raw`[|>][+-]?[ \t]*\n[^\n]*|\\+"[^"]*"?|"(?:[^"\\]|\\.)*"?|'[^']*'?|[^\s,;&"'})\\]+`;

const ASSIGNED = new RegExp(`(${SECRET}\\\\*["']?\\s*[=:]>?\\s*)(${VALUE})`, "gi");
/** An element of XML. */
const ELEMENT = new RegExp(`(${SECRET}>)([^<]+)(?=</)`, "gi");
/** A flag with its value behind a space. */
const FLAG = new RegExp(`(--[\\w-]{0,60}?${SECRET}\\s+)(?!-)(${VALUE})`, "gi");

const FORMS: readonly (readonly [RegExp, string])[] = [
  // RFC 7468. One without an end hides the rest of the text.
  [/-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z0-9 ]{0,30}PRIVATE KEY-----|$)/g, "[key]"],
  [
    /\b((?:proxy-)?authorization|(?:set-)?cookie|x-[\w-]{1,40}-key)(\\*["']?\s*[=:]\s*\\*["']?)[^"'\r\n\\]+/gi,
    "$1$2[redacted]",
  ],
  // The user's part of a URL (RFC 3986, 3.2.1).
  [/:\/\/[^\s/?#@"'\\]{1,512}@/g, "://[redacted]@"],
  // An argument of curl and others.
  [/(\s(?:-u|--user)[\s=]\s*["']?)[^\s:"']{1,256}:[^\s"']+/g, "$1[redacted]"],
  // A JWT in base64, as a Secret holds it.
  [/ZXlK[\w+/=-]{8,}/g, "[token]"],
  // The same of PEM, as a kubeconfig holds it.
  [/LS0tLS1CRUdJTi[\w+/=]{20,}/g, "[key]"],
  // A client secret of Entra: its version stands in the middle.
  [/[\w~.-]{3}[78]Q~[\w~.-]{31,34}/g, "[key]"],
  // 32 bytes in base64: keys of Service Bus, Event Hubs, Cosmos DB.
  [/(?<![\w+/=])[A-Za-z0-9+/]{43}=(?!=)/g, "[key]"],
];

/** Whether a value of this name is a secret: `DB_PASSWORD`, `clientSecret`, `x-api-key`. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}

/** The text without credentials. A line of more than 16 Ki characters is cut, as `scrub` does. */
export function scrubForeign(text: string): string {
  const whole = FORMS.reduce((scrubbed, [form, instead]) => scrubbed.replace(form, instead), text);
  const named = [ASSIGNED, ELEMENT, FLAG].reduce((scrubbed, form) => scrubbed.replace(form, withoutValue), whole);
  return named.split("\n").map(scrub).join("\n");
}

function withoutValue(whole: string, head: string, value: string): string {
  if (HARMLESS.test(value)) return whole;
  const [quote = ""] = /^\\*["']/.exec(value) ?? [];
  const isClosed = value.length > quote.length && value.endsWith(quote);
  return `${head}${quote}[redacted]${isClosed ? quote : ""}`;
}
