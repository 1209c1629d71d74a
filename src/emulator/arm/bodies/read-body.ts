/**
 * The body of a write as a resource provider reads it: what the api-version knows, by its canonical names. Providers read
 * JSON into typed objects: unknown and read-only members are left out, and a value of another type cannot be read.
 */
import { isObject, type JsonObject } from "../../json.ts";
import type { ArmError } from "../front-door/errors.ts";
import { type BodyName, effectiveVersion, isKnown, type Member, modelOf } from "./model.ts";

/** How a provider words what it cannot accept. A path is as in `properties.networkAcls.ipRules[*].value`. */
export interface Refusals {
  /** Whether a word of an enumeration may be in any case. */
  readonly ignoresCase: boolean;
  wrongType(path: string, expected: Member["type"]): ArmError;
  /** A word that the enumeration does not have. Undefined: the route has an answer of its own. */
  wrongValue(path: string, value: string): ArmError | undefined;
  /** Null where an enumeration is expected, below the properties themselves. */
  noValue(path: string): ArmError;
  /** A required member below the top level. Undefined: the route looks for it itself. */
  missing(path: string): ArmError | undefined;
  /** What the api-version does not know. Undefined: it is left out. */
  unknown(path: string): ArmError | undefined;
}

interface Reading {
  readonly apiVersion: string;
  readonly refusals: Refusals;
}

/** Enumerations of which several values may be sent, with commas between them. */
const FLAGS = new Set(["properties.networkAcls.bypass", "identity.type"]);

/** The body as the api-version reads it. Throws what `refusals` has for it. */
export function readBody(name: BodyName, version: string, body: JsonObject, refusals: Refusals): JsonObject {
  const model = modelOf(name);
  return readObject(model.root, body, "", { apiVersion: effectiveVersion(model, version), refusals });
}

function readObject(member: Member, sent: JsonObject, path: string, reading: Reading): JsonObject {
  const read: JsonObject = {};
  for (const [name, value] of Object.entries(sent)) {
    const child = findMember(member, name, path, reading);
    if (child === undefined || child.isReadOnly) continue;
    const childPath = join(path, child.name);
    if (value === null) requireNullable(child, childPath, reading);
    else if (value !== undefined) read[child.name] = readValue(child, value, childPath, reading);
  }
  requireAll(member, read, path, reading);
  return read;
}

/** The member of that name, in any case; undefined or an error for one that the api-version does not know. */
function findMember(member: Member, name: string, path: string, reading: Reading): Member | undefined {
  const child = member.members.get(name.toLowerCase());
  if (child !== undefined && isKnown(child, reading.apiVersion)) return child;
  const refusal = reading.refusals.unknown(join(path, name));
  if (refusal !== undefined) throw refusal;
  return undefined;
}

function join(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

/**
 * Null counts as absent, as bicep writes what is not given; but `bypass: null` is refused (bicep#9712), as an enumeration
 * that cannot be null. That the other nested enumerations are alike is an assumption.
 */
function requireNullable(member: Member, path: string, { refusals }: Reading): void {
  if (member.type === "enum" && path.split(".").length > 2) throw refusals.noValue(path);
}

function requireAll(member: Member, read: JsonObject, path: string, { apiVersion, refusals }: Reading): void {
  if (path === "") return;
  for (const child of member.members.values()) {
    if (!child.isRequired || child.isReadOnly || !isKnown(child, apiVersion) || Object.hasOwn(read, child.name))
      continue;
    const refusal = refusals.missing(`${path}.${child.name}`);
    if (refusal !== undefined) throw refusal;
  }
}

function readValue(member: Member, value: unknown, path: string, reading: Reading): unknown {
  switch (member.type) {
    case "any":
      return value;
    case "object":
      if (isObject(value)) return readObject(member, value, path, reading);
      break;
    case "array":
      if (Array.isArray(value)) return value.map((each) => readItem(member, each, `${path}[*]`, reading));
      break;
    case "map":
      if (isObject(value)) return readMap(member, value, path, reading);
      break;
    case "enum":
      if (typeof value === "string") return readChoice(member, value, path, reading);
      break;
    default: {
      const scalar = readScalar(member.type, value);
      if (scalar !== undefined) return scalar;
    }
  }
  throw reading.refusals.wrongType(path, member.type);
}

function readItem(member: Member, value: unknown, path: string, reading: Reading): unknown {
  return member.item === undefined ? value : readValue(member.item, value, path, reading);
}

/** The keys are the sender's own. Null stays: what it means is for the route. */
function readMap(member: Member, value: JsonObject, path: string, reading: Reading): JsonObject {
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [
      key,
      each === null ? null : readItem(member, each, `${path}.${key}`, reading),
    ]),
  );
}

function readChoice(member: Member, value: string, path: string, reading: Reading): string {
  const words = FLAGS.has(path) ? value.split(/,\s*/) : [value];
  const found = findWord(member, words.join(","), reading);
  if (found !== undefined) return found;
  const each = words.map((word) => findWord(member, word, reading));
  if (FLAGS.has(path) && each.every((word) => word !== undefined)) return each.join(", ");
  const refusal = reading.refusals.wrongValue(path, value);
  if (refusal === undefined) return value;
  throw refusal;
}

/** The word as Azure writes it, if the api-version has it. */
function findWord(member: Member, sent: string, { apiVersion, refusals }: Reading): string | undefined {
  const wanted = refusals.ignoresCase ? sent.toLowerCase() : sent;
  for (const [word, since] of member.values) {
    if (since <= apiVersion && (refusals.ignoresCase ? word.toLowerCase() : word) === wanted) return word;
  }
  return undefined;
}

/** Undefined for a value that the type cannot be read from. */
function readScalar(type: Member["type"], value: unknown): unknown {
  switch (type) {
    case "integer":
      return readInteger(value);
    case "string":
    case "boolean":
    case "number":
      return typeof value === type ? value : undefined;
    default:
      return typeof value === "string" && !Number.isNaN(Date.parse(value)) ? value : undefined;
  }
}

/** az 2.91 sends `--immutability-period 10` as text, and a .NET reader takes it. */
function readInteger(value: unknown): number | undefined {
  const number = typeof value === "string" && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isSafeInteger(number) ? number : undefined;
}
