/** JSON of unknown origin. */

export type JsonObject = { [key: string]: unknown };

/** Whether a value is a plain JSON object (no array, no null). */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
