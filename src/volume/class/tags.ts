/** Reads the parameter `tags`: `key=value` pairs with a delimiter that another parameter may change. */
import { shown } from "../../text/cut.ts";
import type { Parsed } from "../../text/values.ts";
import { TAG_PREFIX } from "../formats/account-tags.ts";
import type { EarlierFields } from "./parameter-row.ts";

/** A class may add this many tags: Azure allows 50 on a resource, and ours need room. */
const MAX_TAGS = 40;
const DEFAULT_DELIMITER = ",";

interface Pair {
  readonly key: string;
  readonly value: string;
  /** As it was written. */
  readonly text: string;
}

export function readTags(text: string, { tagValueDelimiter }: EarlierFields): Parsed<Readonly<Record<string, string>>> {
  const delimiter = typeof tagValueDelimiter === "string" ? tagValueDelimiter : DEFAULT_DELIMITER;
  const wrong = "does not list tags";
  const pairs = text
    .split(delimiter)
    .filter((pair) => pair.trim() !== "")
    .map(toPair);
  if (pairs.length > MAX_TAGS) return { wrong, fix: `give at most ${MAX_TAGS} tags` };
  const problem = pairs.map(problemOf).find((found) => found !== undefined);
  if (problem !== undefined) return { wrong, fix: `${problem}; pairs are separated by "${shown(delimiter)}"` };
  const names = pairs.map(({ key }) => key.toLowerCase());
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) return { wrong, fix: `tag "${twice}" stands twice: keep one` };
  return { value: Object.fromEntries(pairs.map(({ key, value }) => [key, value])) };
}

function toPair(text: string): Pair {
  return { key: text.split("=", 1)[0]?.trim() ?? "", value: text.replace(/^[^=]*=?/, "").trim(), text };
}

/** Limits of a storage account's tags (ARM: tag limitations). */
function problemOf({ key, value, text }: Pair): string | undefined {
  if (key === "" || !text.includes("=")) return "write pairs as key=value";
  if (key.length > 128 || value.length > 256) return "a tag's name has at most 128 characters, its value at most 256";
  if (/\p{Cc}/u.test(text.trim())) return `tag "${shown(key)}" has a line break or another control character`;
  if (/[<>%&\\?/]/.test(key)) return `tag "${key}": a name has none of the characters <>%&\\?/`;
  return key.toLowerCase().startsWith(TAG_PREFIX) ? `tag names that begin with "${TAG_PREFIX}" are ours` : undefined;
}
