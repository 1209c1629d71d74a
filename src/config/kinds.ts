/**
 * The kinds of values that settings hold: how text becomes each, what is said when it does not, and its JSON Schema.
 */
import type { Kind, Parsed } from "./setting.ts";

/** A kind of one text, checked by `parse`. */
function value<T>(placeholder: string, schema: Record<string, unknown>, parse: (text: string) => Parsed<T>): Kind<T> {
  return { form: "value", placeholder, schema, parse: (texts) => parse(texts[0] ?? "") };
}

/** Text that matches `form` as a whole; `wrong` says what it must look like. */
export function pattern(placeholder: string, form: RegExp, wrong: string): Kind<string> {
  return value(placeholder, { type: "string", pattern: form.source }, (text) =>
    form.test(text) ? { value: text } : { wrong },
  );
}

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** A GUID with dashes, in lower case afterwards: Azure compares them without case, we compare texts. */
export const guid: Kind<string> = value("GUID", { type: "string", format: "uuid" }, (text) =>
  GUID.test(text)
    ? { value: text.toLowerCase() }
    : { wrong: "is not a GUID; write 8-4-4-4-12 hexadecimal digits with dashes" },
);

/** A file's path; whether it can be read is found out by whoever reads it. */
export const path: Kind<string> = value("FILE", { type: "string" }, (text) =>
  text === "" || text.includes("\0") ? { wrong: "is not a path; name a file" } : { value: text },
);

/** One of `names`, as they are written. */
export function choice<const T extends string>(names: readonly T[]): Kind<T> {
  return value(names.join("|"), { type: "string", enum: names }, (text) => {
    const found = names.find((name) => name === text);
    return found === undefined ? { wrong: `is not known; use one of ${names.join(", ")}` } : { value: found };
  });
}

/** On or off. The flag alone means on. */
export const toggle: Kind<boolean> = {
  form: "switch",
  placeholder: "",
  schema: { type: "boolean" },
  parse([text = ""]) {
    if (text === "true") return { value: true };
    if (text === "false") return { value: false };
    return { wrong: "is neither true nor false" };
  },
};

const DURATION = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h)$/;
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** `500ms`, `50s`, `5m`, `1h` as whole milliseconds, or undefined when it is none of these. */
export function parseDuration(text: string): number | undefined {
  const [, amount, unit] = DURATION.exec(text) ?? [];
  if (amount === undefined || unit === undefined) return undefined;
  return Math.round(Number(amount) * (UNIT_MS[unit] ?? Number.NaN));
}

/** A time from 0 to `max`, in milliseconds. */
export function duration(limit: { readonly max: string }): Kind<number> {
  const most = parseDuration(limit.max) ?? 0;
  return value("DURATION", { type: "string", pattern: DURATION.source }, (text) => {
    const milliseconds = parseDuration(text);
    if (milliseconds === undefined)
      return { wrong: 'is not a duration; write a number and ms, s, m or h, as in "50s"' };
    return milliseconds > most ? { wrong: `is too long; at most ${limit.max}` } : { value: milliseconds };
  });
}

/** A number from 0 to `max`; with `whole`, without a fraction. */
export function amount(limit: { readonly max: number; readonly whole?: boolean }): Kind<number> {
  const form = limit.whole === true ? /^\d{1,15}$/ : /^\d{1,15}(\.\d{1,6})?$/;
  return value(
    "NUMBER",
    { type: limit.whole === true ? "integer" : "number", minimum: 0, maximum: limit.max },
    (text) =>
      form.test(text) && Number(text) <= limit.max
        ? { value: Number(text) }
        : { wrong: `is not ${limit.whole === true ? "a whole number" : "a number"} from 0 to ${limit.max}` },
  );
}

/** An address to listen on. Port 0 lets the system choose. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** `127.0.0.1:8080`, `[::1]:8080`, or `:8080` for every address. */
export const hostPort: Kind<HostPort> = value("HOST:PORT", { type: "string" }, (text) => {
  const [, bracketed, plain, port = ""] = /^(?:\[([0-9a-f:.]+)\]|([^\s:[\]/]*)):(\d{1,5})$/i.exec(text) ?? [];
  if (port === "" || Number(port) > 65_535)
    return { wrong: 'is not an address; write HOST:PORT, as in "127.0.0.1:8080"' };
  return { value: { host: bracketed ?? (plain || "::"), port: Number(port) } };
});

/** The longest path that a unix socket can have on Linux: sun_path is 108 bytes with the closing NUL (unix(7)). */
const LONGEST_SOCKET_PATH = 107;

/** `unix:///csi/csi.sock`, also `unix:/csi/csi.sock`; the value is the path. CSI is spoken over unix sockets alone. */
export const unixSocket: Kind<string> = value("UNIX-URL", { type: "string", pattern: "^unix:" }, (text) => {
  const [, found] = /^unix:(?:\/\/)?(\/[^/\0][^\0]*)$/.exec(text) ?? [];
  if (found === undefined)
    return { wrong: 'is not a unix socket; write unix:// and an absolute path, as in "unix:///csi/csi.sock"' };
  if (Buffer.byteLength(found) > LONGEST_SOCKET_PATH) {
    return { wrong: `has a path of ${Buffer.byteLength(found)} bytes; Linux allows ${LONGEST_SOCKET_PATH}` };
  }
  return { value: found };
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
        if ("wrong" in parsed) return { wrong: `${JSON.stringify(part)} ${parsed.wrong}` };
        values.push(parsed.value);
      }
      return { value: values };
    },
  };
}
