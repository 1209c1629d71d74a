/** The parameters of a template: given values, defaults, types and allowed values. */
import { isObject, type JsonObject, ownValue } from "../../../json.ts";
import { invalidTemplate } from "./errors.ts";
import { evaluate } from "./evaluate.ts";
import type { Surroundings } from "./functions.ts";

const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === "string",
  securestring: (value) => typeof value === "string",
  int: Number.isInteger,
  bool: (value) => typeof value === "boolean",
  array: Array.isArray,
  object: isObject,
  secureobject: isObject,
};

/** Values by name in lower case; 400 InvalidTemplate for one that is missing, unknown, or of another type. */
export function bindParameters(
  declared: JsonObject,
  given: JsonObject,
  around: Surroundings,
): ReadonlyMap<string, unknown> {
  const values = new Map(Object.entries(given).map(([name, each]) => [name.toLowerCase(), givenValue(name, each)]));
  const known = new Set(Object.keys(declared).map((name) => name.toLowerCase()));
  const unknown = Object.keys(given).filter((name) => !known.has(name.toLowerCase()));
  if (unknown.length > 0) {
    throw invalidTemplate(
      `the template parameters '${unknown.join(", ")}' in the parameters file are not valid; they are not present in the original template`,
    );
  }
  const bound = new Map<string, unknown>();
  for (const [name, declaration] of Object.entries(declared)) {
    if (!isObject(declaration)) throw invalidTemplate(`the template parameter '${name}' is not an object`);
    const value =
      values.get(name.toLowerCase()) ?? evaluate(declaration["defaultValue"], { ...around, parameters: bound });
    if (value === undefined) throw invalidTemplate(`the value for the template parameter '${name}' is not provided`);
    requireFit(name, declaration, value);
    bound.set(name.toLowerCase(), value);
  }
  return bound;
}

function givenValue(name: string, given: unknown): unknown {
  if (isObject(given) && given["value"] !== undefined) return given["value"];
  throw invalidTemplate(`the template parameter '${name}' has no 'value'; the emulator reads no 'reference'`);
}

function requireFit(name: string, declaration: JsonObject, value: unknown): void {
  const type = String(declaration["type"]);
  const isFit = ownValue(TYPES, type.toLowerCase());
  if (isFit === undefined) throw invalidTemplate(`the template parameter '${name}' has the unknown type '${type}'`);
  if (!isFit(value)) throw invalidTemplate(`the value of the template parameter '${name}' is not of type '${type}'`);
  const allowed = declaration["allowedValues"];
  if (!Array.isArray(allowed) || allowed.some((each) => JSON.stringify(each) === JSON.stringify(value))) return;
  throw invalidTemplate(
    `the provided value for the template parameter '${name}' is not part of the allowed value(s): '${allowed.join(",")}'`,
  );
}
