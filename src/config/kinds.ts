/**
 * The kinds of values that settings hold. `text/` reads the text; a kind adds what the settings table needs: placeholder,
 * JSON Schema and whether it is a switch or a list.
 */
import { guid as guidText } from "../text/azure-names.ts";
import { boolean, choice as choiceOf, decimalNumber, type PatternParse, wholeNumber } from "../text/values.ts";
import type { Kind, ParsedSetting } from "./setting.ts";

/** A kind of one text. */
export function value<T>(
  placeholder: string,
  schema: Readonly<Record<string, unknown>>,
  parse: (text: string) => ParsedSetting<T>,
): Kind<T> {
  return { form: "value", placeholder, schema, parse: (texts) => parse(texts[0] ?? "") };
}

/** A kind whose JSON Schema has the reader's own expression. */
export function pattern(placeholder: string, parse: PatternParse): Kind<string> {
  return value(placeholder, { type: "string", pattern: parse.pattern.source }, parse);
}

export const guid: Kind<string> = value("GUID", { type: "string", format: "uuid" }, guidText);

/** A file's path. Whether it can be read is found out where it is read. */
export const path: Kind<string> = value("FILE", { type: "string" }, (text) =>
  isPath(text) ? { value: text } : NO_PATH,
);

/** What is wrong with a text that `isPath` refuses. */
export const NO_PATH = { wrong: "is not a path", fix: "name a file" };

/** Whether the system could take it for a path; nothing is looked for. */
export function isPath(text: string): boolean {
  return text !== "" && !text.includes("\0");
}

/** One of `names`, without case. */
export function choice<const T extends string>(names: readonly T[]): Kind<T> {
  return value(names.join("|"), { type: "string", enum: names }, choiceOf(names));
}

/** On or off. The flag alone means on. */
export const toggle: Kind<boolean> = { ...value("", { type: "boolean" }, boolean), form: "switch" };

const DURATION = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h)$/;
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** `500ms`, `50s`, `5m`, `1h` as whole milliseconds, or undefined when it is none of these. */
function parseDuration(text: string): number | undefined {
  const [, amount, unit] = DURATION.exec(text) ?? [];
  if (amount === undefined || unit === undefined) return undefined;
  return Math.round(Number(amount) * (UNIT_MS[unit] ?? Number.NaN));
}

/** A time from 0 to `max`, in milliseconds. */
export function duration(limit: { readonly max: string }): Kind<number> {
  return value("DURATION", { type: "string", pattern: DURATION.source }, (text) => readDuration(text, limit));
}

/** A time from `min` to `max`, in milliseconds, or 0 for `0` or `off`. */
export function interval(limit: { readonly min: string; readonly max: string }): Kind<number> {
  const pattern = `^(off|0)$|${DURATION.source}`;
  return value("DURATION|off", { type: "string", pattern }, (text) => {
    if (["off", "0"].includes(text.toLowerCase())) return { value: 0 };
    const parsed = readDuration(text, limit);
    return "value" in parsed && parsed.value > 0 && parsed.value < (parseDuration(limit.min) ?? 0)
      ? { wrong: "is too short", fix: `use at least ${limit.min}, or off` }
      : parsed;
  });
}

function readDuration(text: string, { max }: { readonly max: string }): ParsedSetting<number> {
  const milliseconds = parseDuration(text);
  if (milliseconds === undefined) {
    return { wrong: "is not a duration", fix: 'write a number and ms, s, m or h, as in "50s"' };
  }
  return milliseconds > (parseDuration(max) ?? 0)
    ? { wrong: "is too long", fix: `use at most ${max}` }
    : { value: milliseconds };
}

/** A number from 0 to `max`; with `whole`, without a fraction. */
export function amount({ max, whole = false }: { readonly max: number; readonly whole?: boolean }): Kind<number> {
  const schema = { type: whole ? "integer" : "number", minimum: 0, maximum: max };
  return value("NUMBER", schema, whole ? wholeNumber(0, max) : decimalNumber(0, max));
}

/** An address to listen on. Port 0 lets the system choose. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** `127.0.0.1:8080`, `[::1]:8080`, or `:8080` for every address. */
export const hostPort: Kind<HostPort> = value("HOST:PORT", { type: "string" }, (text) => {
  const [, bracketed, plain, port = ""] = /^(?:\[([0-9a-f:.]+)\]|([^\s:[\]/]*)):(\d{1,5})$/i.exec(text) ?? [];
  if (port === "" || Number(port) > 65_535) {
    return { wrong: "is not an address", fix: 'write HOST:PORT, as in "127.0.0.1:8080"' };
  }
  return { value: { host: bracketed ?? (plain || "::"), port: Number(port) } };
});

/** The longest path that a unix socket can have on Linux: sun_path is 108 bytes with the closing NUL (unix(7)). */
const LONGEST_SOCKET_PATH = 107;

/** `unix:///csi/csi.sock`, also `unix:/csi/csi.sock`; the value is the path. CSI is spoken over unix sockets alone. */
export const unixSocket: Kind<string> = value("UNIX-URL", { type: "string", pattern: "^unix:" }, (text) => {
  const [, found] = /^unix:(?:\/\/)?(\/[^/\0][^\0]*)$/.exec(text) ?? [];
  if (found === undefined) {
    return {
      wrong: "is not a unix socket",
      fix: 'write unix:// and an absolute path, as in "unix:///csi/csi.sock"',
    };
  }
  const bytes = Buffer.byteLength(found);
  if (bytes <= LONGEST_SOCKET_PATH) return { value: found };
  return { wrong: `has a path of ${bytes} bytes`, fix: `use at most ${LONGEST_SOCKET_PATH}, the limit of Linux` };
});

/** Any number of values: the flag repeated, or separated by commas; in the file a list. */
export function list<T>(of: Kind<T>): Kind<readonly T[]> {
  return {
    form: "list",
    placeholder: `${of.placeholder},…`,
    schema: { type: "array", items: of.schema },
    parse(texts) {
      const parts = texts.flatMap((text) => text.split(",")).map((part) => part.trim());
      const values: T[] = [];
      for (const part of parts.filter((each) => each !== "")) {
        const parsed = of.parse([part]);
        if ("wrong" in parsed) return { ...parsed, wrong: `${JSON.stringify(part)} ${parsed.wrong}` };
        values.push(parsed.value);
      }
      return { value: values };
    },
  };
}
