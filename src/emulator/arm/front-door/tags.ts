/** Tags of a resource: read from a body and checked against the limits of their provider. */

import { isObject, type JsonObject, setOwn } from "../../json.ts";
import { badRequest } from "./errors.ts";

/** How many tags, and how long. Storage has its own limits and codes (StorageAccount.tsp), ARM has wider ones. */
export interface TagLimits {
  readonly count: number;
  readonly keyLength: number;
  readonly valueLength: number;
  readonly codes: { readonly count: string; readonly key: string; readonly value: string };
}

/** StorageAccountCreateParameters.tags: 15 pairs, key 128, value 256; srp_error_codes_create_storage_account. */
export const STORAGE_TAGS: TagLimits = {
  count: 15,
  keyLength: 128,
  valueLength: 256,
  codes: { count: "TooManyTags", key: "MaxTagKeyLengthExceeded", value: "MaxTagValueLengthExceeded" },
};
/** Azure Resource Manager "tag-resources": 50 pairs, key 512, value 256. The codes are those that Az.Migrate repeats. */
export const ARM_TAGS: TagLimits = {
  count: 50,
  keyLength: 512,
  valueLength: 256,
  codes: { count: "InvalidTags", key: "InvalidTagName", value: "InvalidTagValueLength" },
};

/** The tags of a body, or undefined when none were sent. A tag without a value is an empty one. */
export function readTags(body: JsonObject, limits: TagLimits): Record<string, string> | undefined {
  const sent = body["tags"];
  if (!isObject(sent)) return undefined;
  const tags: Record<string, string> = {};
  for (const [key, value] of Object.entries(sent)) {
    if (key.trim() === "")
      throw badRequest("InvalidTagName", "The tag name must be non-null, non-empty and non-whitespace.");
    if (key.length > limits.keyLength) {
      const message = `The tag name '${key.slice(0, 40)}...' is longer than ${limits.keyLength} characters.`;
      throw badRequest(limits.codes.key, message);
    }
    const text = typeof value === "string" ? value : "";
    if (text.length > limits.valueLength) {
      const message = `The value of tag '${key}' is longer than ${limits.valueLength} characters.`;
      throw badRequest(limits.codes.value, message);
    }
    setOwn(tags, key, text);
  }
  const count = Object.keys(tags).length;
  if (count <= limits.count) return tags;
  throw badRequest(limits.codes.count, `The number of tags, ${count}, exceeds the maximum of ${limits.count}.`);
}
