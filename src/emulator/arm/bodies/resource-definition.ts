/**
 * What ARM itself reads of a PUT or PATCH, before any provider does: the members beside `properties` ("common request
 * members" in the resource provider contract). One that ARM does not know is refused, also for PATCH
 * (azure-sdk-for-java#646).
 */
import { isObject, type JsonObject, ownValue } from "../../json.ts";
import { badRequest } from "../front-door/errors.ts";
import { unreadable } from "./refusals.ts";

type Kind = "string" | "object" | "array" | "any";

/** By name in lower case. */
const MEMBERS: Readonly<Record<string, Kind>> = {
  id: "string",
  name: "string",
  type: "string",
  location: "string",
  kind: "string",
  managedby: "string",
  etag: "string",
  tags: "object",
  sku: "object",
  plan: "object",
  identity: "object",
  extendedlocation: "object",
  placement: "object",
  systemdata: "object",
  zones: "array",
  properties: "any",
};

/** Throws 400 for members that ARM does not know or cannot read. */
export function requireResourceDefinition(body: JsonObject): void {
  for (const [name, value] of Object.entries(body)) {
    const kind = ownValue(MEMBERS, name.toLowerCase());
    if (kind === undefined)
      throw unreadable(`Could not find member '${name}' on object of type 'ResourceDefinition'`, name);
    if (value !== null && !isOf(kind, value)) throw unreadable(`Error converting value to type '${kind}'`, name);
  }
  const tags = Object.entries(body).find(([name]) => name.toLowerCase() === "tags")?.[1];
  if (isObject(tags)) requireTags(tags);
}

function isOf(kind: Kind, value: unknown): boolean {
  if (kind === "any") return true;
  if (kind === "array") return Array.isArray(value);
  return kind === "object" ? isObject(value) : typeof value === "string";
}

/** Throws 400 for tags that ARM cannot read. "Tag names can't contain <, >, %, &, \, ?, /" ("tag-resources", limitations). */
export function requireTags(tags: JsonObject, path = "tags"): void {
  const wrong = Object.entries(tags).find(([, value]) => value !== null && typeof value !== "string");
  if (wrong !== undefined) throw unreadable("Error reading string", `${path}.${wrong[0]}`);
  const reserved = Object.keys(tags).filter((name) => /[<>%&\\?/\p{Cc}]/u.test(name));
  if (reserved.length === 0) return;
  throw badRequest(
    "InvalidTagNameCharacters",
    `The tag names '${reserved.join(", ")}' have reserved characters '<,>,%,&,\\,?,/' or control characters.`,
  );
}
