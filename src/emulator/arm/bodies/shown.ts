/** An answer by the caller's api-version: what is newer is left out, as the models of that api-version have it. */
import { isObject, type JsonObject } from "../../json.ts";
import { type BodyName, effectiveVersion, isKnown, type Member, modelOf } from "./model.ts";

/** The members that the api-version knows. */
export function shown(name: BodyName, version: string, answer: JsonObject): JsonObject {
  const model = modelOf(name);
  return showObject(model.root, answer, effectiveVersion(model, version));
}

function showObject(member: Member, answer: JsonObject, version: string): JsonObject {
  // Of some members the source does not say what is in them.
  if (member.members.size === 0) return answer;
  const visible: JsonObject = {};
  for (const [name, value] of Object.entries(answer)) {
    const child = member.members.get(name.toLowerCase());
    if (child !== undefined && isKnown(child, version)) visible[name] = showValue(child, value, version);
  }
  return visible;
}

function showValue(member: Member, value: unknown, version: string): unknown {
  const { item } = member;
  if (member.type === "object" && isObject(value)) return showObject(member, value, version);
  if (item === undefined || (item.type !== "object" && item.type !== "array")) return value;
  if (Array.isArray(value)) return value.map((each: unknown) => showValue(item, each, version));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, showValue(item, each, version)]));
}
