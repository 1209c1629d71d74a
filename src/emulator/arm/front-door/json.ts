/** Request bodies: read up to ARM's limit, parsed, and accessed with checks. */
import type { Call } from "../../http/call.ts";
import { readBody } from "../../http/exchange.ts";
import { isObject, type JsonObject } from "../../json.ts";
import { ArmError, badRequest } from "./errors.ts";

/** ARM refuses larger bodies (request-limits-and-throttling). */
const LIMIT_BYTES = 4 * 1024 * 1024;

/**
 * The body as an object; an empty body is an empty object. Anything else is a 400 or 415. A deployment (`isTemplate`) may have
 * comments, commas before a closing bracket and names without quotes: az splices a template's own text into its request, under
 * the name `template` without quotes (azure-cli, JsonCTemplatePolicy).
 */
export async function readJsonBody(call: Call, isTemplate = false): Promise<JsonObject> {
  const text = await readText(call);
  if (text.trim() === "") return {};
  const type = String(call.headers["content-type"] || "<null>")
    .split(";")[0]
    ?.trim()
    .toLowerCase();
  if (type !== "application/json" && type !== "text/json") {
    const message = `The content media type '${type}' is not supported. Only 'application/json' is supported.`;
    throw new ArmError(415, "UnsupportedMediaType", message);
  }
  return parseObject(isTemplate ? asPlainJson(text) : text);
}

/** A text in quotes, which nothing is changed in, or what follows in a pattern. */
const QUOTED = '("(?:[^"\\\\]|\\\\.)*")';
const COMMENT = new RegExp(`${QUOTED}|//[^\\n]*|/\\*[\\s\\S]*?\\*/`, "g");
const LAST_COMMA = new RegExp(`${QUOTED}|,(?=\\s*[}\\]])`, "g");
const BARE_NAME = new RegExp(`${QUOTED}|([A-Za-z_]\\w*)(?=\\s*:)`, "g");

/** Plain JSON of what ARM reads beyond it. */
function asPlainJson(text: string): string {
  return text
    .replace(COMMENT, (_, quoted?: string) => quoted ?? "")
    .replace(LAST_COMMA, (_, quoted?: string) => quoted ?? "")
    .replace(BARE_NAME, (_, quoted?: string, name = "") => quoted ?? `"${name}"`);
}

async function readText(call: Call): Promise<string> {
  const body = await readBody(call.body, LIMIT_BYTES);
  if (body !== undefined) return body.toString("utf8");
  throw new ArmError(413, "RequestContentTooLarge", "The request content size exceeds the maximum size of '4 MB'.");
}

function parseObject(text: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw invalidContent(detail);
  }
  if (!isObject(value)) throw invalidContent("the root must be an object");
  if (isDeeperThan(DEEPEST, value)) throw invalidContent(`The reader's MaxDepth of ${DEEPEST} has been exceeded`);
  return value;
}

/** ARM's reader has a limit; how far it is raised beyond the 64 of Json.NET is not known. Nested templates need some dozens. */
const DEEPEST = 256;

/** Level by level, so that no depth is too deep to be measured. */
function isDeeperThan(limit: number, root: JsonObject): boolean {
  let level: unknown[] = [root];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth >= limit) return true;
    level = level
      .flatMap((each): unknown[] => (typeof each === "object" && each !== null ? Object.values(each) : []))
      .filter((each) => typeof each === "object" && each !== null);
  }
  return false;
}

function invalidContent(detail: string): ArmError {
  return badRequest(
    "InvalidRequestContent",
    `The request content was invalid and could not be deserialized: '${detail}'.`,
  );
}

/** The object at a key, or an empty one when it is absent or null; another kind of value is a 400. */
export function objectAt(parent: JsonObject, key: string): JsonObject {
  const value = member(parent, key);
  if (value === undefined || value === null) return {};
  if (!isObject(value)) throw invalidContent(`an object was expected at '${key}'`);
  return value;
}

/** The text at a key, or undefined when it is absent or null; another kind of value is a 400. */
export function stringAt(parent: JsonObject, key: string): string | undefined {
  const value = member(parent, key);
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw invalidContent(`a string was expected at '${key}'`);
  return value;
}

/** The truth value at a key, or undefined when it is absent or null; another kind of value is a 400. */
export function booleanAt(parent: JsonObject, key: string): boolean | undefined {
  const value = member(parent, key);
  if (value === undefined || value === null) return undefined;
  if (typeof value === "boolean") return value;
  throw invalidContent(`a boolean was expected at '${key}'`);
}

/** A list of texts at a key, or undefined when it is absent or null; anything else is a 400. */
export function stringsAt(parent: JsonObject, key: string): string[] | undefined {
  const value = member(parent, key);
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value) || value.some((each) => typeof each !== "string")) {
    throw invalidContent(`a list of strings was expected at '${key}'`);
  }
  return [...value];
}

/** ARM reads property names without case. */
function member(parent: JsonObject, key: string): unknown {
  if (Object.hasOwn(parent, key)) return parent[key];
  const wanted = key.toLowerCase();
  const found = Object.keys(parent).find((each) => each.toLowerCase() === wanted);
  return found === undefined ? undefined : parent[found];
}
