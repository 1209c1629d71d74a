/**
 * Cuts what is too long for a message: the one place that does. A text is scrubbed before it is cut, since half a key is no
 * key by its form; no cut goes through a character.
 */
import { scrub } from "./scrub.ts";

/** Stands where something was cut off. */
export const MARK = "…";
/** A value that a message quotes: longer than any name in Azure or Kubernetes that is worth reading. */
const LONGEST_VALUE = 100;
/** Kubernetes' names have 253 characters, volume ids some 220. */
export const LONGEST_NAME = 256;
/** In characters, of what an event has to show: Kubernetes cuts it at 1,024, of which csi-provisioner's words take some 170. */
export const LONGEST_MESSAGE = 850;
/** As many as a person repairs in one go, and as an event has room for. */
export const MOST_LISTED = 10;

/** Scrubbed, and at most `most` characters (UTF-16 units) with the mark. */
export function cut(text: string, most: number): string {
  const clean = scrub(text);
  if (clean.length <= most) return clean;
  const end = most - MARK.length;
  // The first half of a surrogate pair says nothing, and gRPC cannot encode it.
  const isInPair = /[\ud800-\udbff]/.test(clean[end - 1] ?? "");
  return `${clean.slice(0, isInPair ? end - 1 : end)}${MARK}`;
}

/** Something that others have written, as a message quotes it. `most` for what may be longer and still be right. */
export function shown(value: string, most: number = LONGEST_VALUE): string {
  return cut(value, most);
}

/** `a; b; and 7 more`: the first ten, and how many more there are. */
export function listed(items: readonly string[], separator = "; "): string {
  const more = items.length - MOST_LISTED;
  return [...items.slice(0, MOST_LISTED), ...(more > 0 ? [`and ${more} more`] : [])].join(separator);
}

/** Scrubbed, and cut where encodeURI, as gRPC writes a status' message, would make it longer than `mostBytes`. */
export function cutEncoded(text: string, mostBytes: number): string {
  // No encoded text is shorter than itself, so that no more of it is looked at.
  const clean = cut(text, mostBytes).toWellFormed();
  if (encodeURI(clean).length <= mostBytes) return clean;
  let left = mostBytes - encodeURI(MARK).length;
  let kept = "";
  for (const character of clean) {
    left -= encodeURI(character).length;
    if (left < 0) break;
    kept += character;
  }
  return `${kept}${MARK}`;
}
