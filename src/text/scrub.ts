/**
 * Removes credentials from a text. Everything that leaves the process, in a log or in an answer, passes here, because an
 * error of a foreign library or of Azure can carry a token in its message.
 */

/** Credentials as they are written in headers, URLs, connection strings, forms and JSON, and what replaces them, in this order. */
export const CREDENTIALS: readonly (readonly [RegExp, string])[] = [
  [/eyJ[\w-]{8,}(?:\.[\w-]*){0,4}/g, "[token]"],
  [/\b(Bearer)\s+(?!authorization|realm|error|token\b)[\w.~+/=-]+/gi, "$1 [redacted]"],
  [/\b(SharedKey(?:Lite)?)\s+[^\s:]+:[\w+/=-]+/gi, "$1 [redacted]"],
  [/\b(authorization["']?\s*[:=]\s*["']?Basic)\s+[\w+/=-]+/gi, "$1 [redacted]"],
  [/\b((?:account|shared)(?:access)?key|sharedaccesssignature)(\s*[=:]\s*)[^;,\s"'}]+/gi, "$1$2[redacted]"],
  [/\b(sig|client_secret|client_assertion|password|(?:access|refresh|id)_token)=[^&\s"';,]+/gi, "$1=[redacted]"],
  [/(?<=\b|%3f|%26)sig%3d[^&\s"';,]+/gi, "sig%3D[redacted]"],
  // Also where the text ends before the value does.
  [
    /("(?:access_token|refresh_token|id_token|client_secret|client_assertion|password|accountKey|token)"\s*:\s*)"[^"]*(?:"|$)/gi,
    '$1"[redacted]"',
  ],
  [/[A-Za-z0-9+/_-]{86}==/g, "[key]"],
];

/**
 * A part of each of those forms: a text without any of these parts holds no credential. Nearly every text is one, and this is
 * a single pass over it, where the last form alone looks at 86 characters from each place in an ARM id.
 */
const PARTS =
  /eyJ|bearer\s|sharedkey|basic\s|accountkey|accesskey|accesssignature|sig=|sig%3d|_secret|_assertion|_token|password|"token"|==/i;

/** Characters: no message of this program has more, and what others have written can have any number. */
const LONGEST = 16_384;
/** A storage account's key: 64 bytes in base64. */
const LONGEST_KEY = 88;
const OF_KEYS = /[\w+/=-]/;

/**
 * `text` without any token, key or signature. Of a text of more than 16 Ki characters only the beginning is looked at and
 * kept, without what could be half a key at its end: a key alone, with no name before it, is known by its length.
 */
export function scrub(text: string): string {
  if (text.length <= LONGEST) return scrubWhole(text);
  let end = LONGEST;
  while (end > LONGEST - LONGEST_KEY && OF_KEYS.test(text.charAt(end - 1))) end -= 1;
  return `${scrubWhole(text.slice(0, end))}… (${text.length} characters)`;
}

function scrubWhole(text: string): string {
  if (!PARTS.test(text)) return text;
  return CREDENTIALS.reduce((scrubbed, [form, instead]) => scrubbed.replace(form, instead), text);
}
