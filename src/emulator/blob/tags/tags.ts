/** Blob index tags: their rules ("Set Blob Tags"), as the header `x-ms-tags` has them, and as XML. */

import { setOwn } from "../../json.ts";
import { StorageError } from "../../storage/errors.ts";
import { element } from "../http/xml.ts";

const ALLOWED = /^[a-zA-Z0-9 +\-./:=_]*$/;

/** Reads the header; undefined when it is absent. 400 InvalidTag when it breaks the rules. */
export function parseTagHeader(value: string | undefined): Record<string, string> | undefined {
  if (value === undefined) return undefined;
  const tags: Record<string, string> = {};
  for (const [name, text] of new URLSearchParams(value)) addTag(tags, name, text);
  return tags;
}

/** Adds one tag: at most ten, names 1-128, values 0-256 characters of the permitted set. */
export function addTag(tags: Record<string, string>, name: string, value: string): void {
  const isGood = name.length >= 1 && name.length <= 128 && value.length <= 256;
  if (!isGood || !ALLOWED.test(name) || !ALLOWED.test(value) || Object.hasOwn(tags, name)) {
    throw new StorageError("InvalidTag");
  }
  setOwn(tags, name, value);
  if (Object.keys(tags).length > 10)
    throw new StorageError("InvalidTag", { message: "The number of tags exceeds 10." });
}

/** `<Tags>` with its set. */
export function tagsXml(tags: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(tags).map(
    ([name, value]) => `<Tag>${element("Key", name)}${element("Value", value)}</Tag>`,
  );
  return `<Tags>${pairs.length === 0 ? "<TagSet />" : `<TagSet>${pairs.join("")}</TagSet>`}</Tags>`;
}
