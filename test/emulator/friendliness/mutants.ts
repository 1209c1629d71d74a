// The ways in which one member of a body can be wrong.
import { type BodyName, type Member, modelOf } from "../../../src/emulator/arm/bodies/model.ts";
import { isObject, type JsonObject } from "../../../src/emulator/json.ts";
import type { Write } from "./writes.ts";

export const KINDS = ["dropped", "misspelt", "other type", "other word", "null", "foreign"] as const;
export type Kind = (typeof KINDS)[number];

/** A member that a body has. */
export interface Found {
  /** As in `properties.audiences[*]` and `tags.*`. */
  readonly path: string;
  readonly member: Member;
  /** Object, array or map that holds it, as keys from the root of the body. */
  readonly keys: readonly string[];
  readonly value: unknown;
}

/** The members of a body that its model has; of a list or map one value stands for all. */
export function membersOf(write: Pick<Write, "route" | "body">): Found[] {
  const { body } = write.route;
  return body === undefined ? [] : below(modelOf(body satisfies BodyName).root, write.body, [], "");
}

function below(parent: Member, value: JsonObject, keys: readonly string[], path: string): Found[] {
  return Object.entries(value).flatMap(([name, each]) => {
    const member = parent.members.get(name.toLowerCase());
    if (member === undefined) throw new Error(`the product sends ${path}${name}, which no api-version knows`);
    return found(member, each, [...keys, name], `${path}${name}`);
  });
}

function found(member: Member, value: unknown, keys: readonly string[], path: string): Found[] {
  const own = { path, member, keys, value };
  if (member.type === "object" && isObject(value)) return [own, ...below(member, value, keys, `${path}.`)];
  const { item } = member;
  const [first] = typeof value === "object" && value !== null ? Object.entries(value) : [];
  if (item === undefined || first === undefined) return [own];
  return [own, ...found(item, first[1], [...keys, first[0]], `${path}${member.type === "map" ? ".*" : "[*]"}`)];
}

/** The body with one member wrong in this way; undefined when the member cannot be wrong in it. */
export function mutate(body: JsonObject, of: Found, kind: Kind): JsonObject | undefined {
  const changed = structuredClone(body);
  const name = of.keys.at(-1) ?? "";
  const holder = of.keys
    .slice(0, -1)
    .reduce<unknown>((value, key) => (value as JsonObject)[key], changed) as JsonObject;
  const isItem = /[*]\]?$/.test(of.path);
  switch (kind) {
    case "dropped":
      if (isItem) return undefined;
      delete holder[name];
      return changed;
    case "misspelt":
      if (isItem) return undefined;
      delete holder[name];
      holder[`${name}x`] = of.value;
      return changed;
    case "null":
      holder[name] = null;
      return changed;
    case "other type":
      holder[name] = ofAnotherType(of.member.type);
      return changed;
    case "other word":
      if (of.member.type !== "enum") return undefined;
      holder[name] = "Nonsense";
      return changed;
    case "foreign":
      if (!isId(of.value)) return undefined;
      holder[name] = foreign(of.value);
      return changed;
  }
}

function ofAnotherType(type: Member["type"]): unknown {
  if (type === "object" || type === "map") return "text";
  if (type === "boolean" || type === "integer") return "true";
  return type === "array" ? {} : 7;
}

function isId(value: unknown): value is string {
  return typeof value === "string" && /^(\/\S*\/)?[0-9a-f]{8}-[0-9a-f-]{27}$/i.test(value);
}

/** The same with the last GUID changed: an id of nothing that exists. */
function foreign(id: string): string {
  return `${id.slice(0, -12)}${"0123456789ab"}`;
}
