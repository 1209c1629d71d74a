/**
 * The headers of one request or answer as the SDKs read and set them, in one plain object: that which undici has made of an answer.
 * The SDKs' own class makes a map of them, with an object and two texts for each, which is much of what a small exchange costs.
 */
import type { HttpHeaders, RawHttpHeaders } from "@azure/core-rest-pipeline";

/** Of a header that came more than once Node keeps the first of these (http.IncomingMessage, `headers`), and joins the others. */
const KEPT_ONCE = [
  "age",
  "content-length",
  "content-type",
  "etag",
  "expires",
  "last-modified",
  "location",
  "retry-after",
  "server",
  "set-cookie",
];

/**
 * Answers what the SDKs' `createHttpHeaders` would, but that names are in lower case, also as they are sent. Takes over what it is given:
 * names in lower case, several values as a list.
 */
export class LeanHeaders implements HttpHeaders {
  readonly #values: Record<string, string>;

  constructor(read: Record<string, string | string[] | undefined>) {
    for (const name in read) {
      const value = read[name];
      if (value === undefined) delete read[name];
      else read[name] = (typeof value === "string" ? value : joined(name, value)).trim();
    }
    this.#values = read as Record<string, string>;
  }

  get(name: string): string | undefined {
    const key = name.toLowerCase();
    return Object.hasOwn(this.#values, key) ? this.#values[key] : undefined;
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#values, name.toLowerCase());
  }

  set(name: string, value: string | number | boolean): void {
    this.#values[name.toLowerCase()] = String(value).trim().replace(LINE_BREAKS, "");
  }

  delete(name: string): void {
    delete this.#values[name.toLowerCase()];
  }

  toJSON(): RawHttpHeaders {
    return { ...this.#values };
  }

  toString(): string {
    return JSON.stringify(this.#values);
  }

  [Symbol.iterator](): Iterator<[string, string]> {
    return Object.entries(this.#values)[Symbol.iterator]();
  }
}

/** What would begin another header. */
const LINE_BREAKS = /[\r\n]/g;

function joined(name: string, values: readonly string[]): string {
  return KEPT_ONCE.includes(name) ? (values[0] ?? "") : values.join(", ");
}
