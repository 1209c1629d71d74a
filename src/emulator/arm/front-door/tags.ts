/** Tags of a resource: read from a body and checked against the limits of their provider. */

import { isObject, type JsonObject } from "../../json.ts";
import { badRequest } from "./errors.ts";

/** How many tags, and how long. Storage has its own limits (StorageAccount.tsp), ARM has wider ones. */
interface TagLimits {
  readonly count: number;
  readonly keyLength: number;
  readonly valueLength: number;
}

/** StorageAccountCreateParameters.tags: 15 pairs, key 128, value 256. */
export const STORAGE_TAGS: TagLimits = { count: 15, keyLength: 128, valueLength: 256 };
/** Azure Resource Manager "tag-resources": 50 pairs, key 512, value 256. */
export const ARM_TAGS: TagLimits = { count: 50, keyLength: 512, valueLength: 256 };

/** The tags of a body, or undefined when none were sent. */
export function readTags(body: JsonObject, limits: TagLimits): Record<string, string> | undefined {
  const sent = body["tags"];
  if (sent === undefined || sent === null) return undefined;
  if (!isObject(sent))
    throw badRequest("InvalidRequestContent", "The request content was invalid: tags must be an object.");
  const tags: Record<string, string> = {};
  for (const [key, value] of Object.entries(sent)) {
    if (key.length > limits.keyLength)
      throw badRequest(
        "MaxTagKeyLengthExceeded",
        `The tag name '${key.slice(0, 40)}...' is longer than ${limits.keyLength} characters.`,
      );
    const text = value === null ? "" : String(value);
    if (text.length > limits.valueLength)
      throw badRequest(
        "MaxTagValueLengthExceeded",
        `The value of tag '${key}' is longer than ${limits.valueLength} characters.`,
      );
    tags[key] = text;
  }
  if (Object.keys(tags).length > limits.count) {
    throw badRequest(
      "TooManyTags",
      `The number of tags, ${Object.keys(tags).length}, exceeds the maximum of ${limits.count}.`,
    );
  }
  return tags;
}
