/** JSON of unknown origin. */

export type JsonObject = { [key: string]: unknown };

/**
 * The value of a key that a client chose, or undefined: a plain look-up would find what every object inherits, such as
 * `constructor`.
 */
export function ownValue<Value>(table: Readonly<Record<string, Value>>, key: string): Value | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

/** Sets a key that a client chose: a plain assignment would lose `__proto__`, which is a good name of a tag or of metadata. */
export function setOwn<Value>(record: Record<string, Value>, key: string, value: Value): void {
  Object.defineProperty(record, key, { value, writable: true, enumerable: true, configurable: true });
}

/** Whether a value is a plain JSON object (no array, no null). */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
