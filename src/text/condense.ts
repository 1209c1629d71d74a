/**
 * What another service says, as a message quotes it. Events count as the same only if their text is the same, and have room
 * for few words, so that what changes from call to call is left out, a resource is named in full once, and what must be cut
 * is cut in the middle: the scope, the lock or the policy that matters stands at the end of what Azure says.
 */
import { MARK } from "./cut.ts";
import { scrub } from "./scrub.ts";

const GUID = "[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}";
const MOMENT =
  "(?:\\d{4}-\\d\\d-\\d\\d[T ]\\d\\d:\\d\\d(?::\\d\\d(?:\\.\\d{1,9})?)?(?: ?(?:Z|UTC|[+-]\\d\\d:?\\d\\d))?|" +
  "\\d{1,2}/\\d{1,2}/\\d{4} \\d{1,2}:\\d\\d:\\d\\d(?: [AP]M)?)";
/** `RequestId`, `x-ms-correlation-request-id`, `Trace ID`, `client request id`, ... */
const REQUEST =
  "(?:x-ms-)?(?:(?:client|server|service)[ -]?)?(?:request|correlation(?:[ -]?request)?|trace|tracking|activity)[ -]?id";

/**
 * What differs in every answer, with its label. Sources: error bodies of Azure Storage (`RequestId:`, `Time:`), of Entra
 * (`Trace ID:`, `Correlation ID:`, `Timestamp:`) and of ARM (`tracking id is '...'`).
 */
const VARYING = new RegExp(
  [
    `\\b(?:the )?${REQUEST}\\s*[:=]\\s*['"]?[\\w.:-]*\\w['"]?`,
    `\\b(?:the )?${REQUEST}(?: is| was)?\\s+['"(]?${GUID}['")]?`,
    `(?<!\\bcurrent (?:utc )?)\\btime(?:stamp)?\\s*[:=]\\s*['"]?${MOMENT}['"]?`,
    `(?<=\\bcurrent (?:utc )?time(?: is)?)\\s*[:=]?\\s*['"]?${MOMENT}['"]?`,
  ].join("|"),
  "gi",
);

/** Advice for a person who has just got a role and sits before a shell: ARM adds it to every missing right. */
const POINTLESS = /If access was recently granted, please refresh your credentials\.?/gi;

/** An ARM id, of a subscription or below a provider such as management groups; not one that is shortened already. */
const ARM_ID = /(?<![\w\u2026/.-])\/(?:subscriptions|providers)\/[^\s'"`,;<>]*[^\s'"`,;<>.:)]/gi;

/** More ids than these do not fit into a message. */
const MOST_KNOWN = 50;

/** A run of characters that belong together: an id, a GUID, a word. */
const RUN = /[^\s'"`,;]+|[\s'"`,;]/g;
/** A longer word may be cut in two, unless it is an id. */
const LONGEST_WORD = 60;
/** Of what is left for a text that must be cut: the end says more than the beginning. */
const SHARE_OF_END = 0.65;

/**
 * `text` in one line of at most `most` characters (UTF-16 units), without credentials, request ids and times of answers. An
 * ARM id that stands in `before` or further ahead is shortened to `…` and what is different in it; a cut is marked by `…`,
 * and goes through no id, no name and no character.
 */
export function condense(text: string, most: number, before = ""): string {
  return cutInside(shortenIds(withoutVarying(scrub(text)), before), most);
}

function withoutVarying(text: string): string {
  let line = text.replace(POINTLESS, "");
  // What is left around a removed part may look like another one; each round makes the text shorter.
  for (let round = 0, before = ""; round < 8 && line !== before; round += 1) {
    before = line;
    line = line.replace(VARYING, " ");
    if (line !== before) line = withoutRests(line);
  }
  return line.replace(/\s+/g, " ").trim();
}

/** Brackets, dashes and commas around what was removed: a few, so that no text takes quadratic time. */
function withoutRests(line: string): string {
  return line
    .replace(/\s+/g, " ")
    .replace(/[([] ?[)\]]/g, "")
    .replace(/(?: [-,;.]){1,4}(?= [-,;.])/g, "")
    .replace(/ ([,;.])(?= |$)/g, "$1")
    .replace(/[,;.]{1,4}([,;.])(?= |$)/g, "$1")
    .replace(/[ ,;-]{1,8}$/, "");
}

/** Every id in full at its first mention; what it shares with an earlier one is `…` afterwards. */
function shortenIds(text: string, before: string): string {
  const known = [...before.matchAll(ARM_ID)].map(([id]) => segmentsOf(id));
  return text.replace(ARM_ID, (id) => {
    const segments = segmentsOf(id);
    const shared = Math.max(0, ...known.map((other) => countShared(segments, other)));
    if (known.length < MOST_KNOWN) known.push(segments);
    return shared === 0 ? id : `${MARK}/${segments.slice(shared).join("/")}`;
  });
}

function segmentsOf(id: string): string[] {
  return id.split("/").slice(1);
}

/**
 * Whole pairs of type and name, and never the last one: that is the name. What is left must say where it belongs: two ids of
 * one provider share nothing, and what stands in the subscription itself keeps it.
 */
function countShared(segments: readonly string[], other: readonly string[]): number {
  const differs = segments.findIndex((segment, index) => segment.toLowerCase() !== other[index]?.toLowerCase());
  const same = Math.min(differs < 0 ? segments.length : differs, segments.length - 2);
  const pairs = same - (same % 2);
  const isUnclear = segments[pairs]?.toLowerCase() === "providers" || segments[0]?.toLowerCase() === "providers";
  return pairs < 4 && isUnclear ? 0 : Math.max(0, pairs);
}

function cutInside(line: string, most: number): string {
  if (line.length <= most) return line;
  const runs = (line.match(RUN) ?? []).flatMap((run) =>
    run.length > LONGEST_WORD && !run.includes("/") ? [...run] : [run],
  );
  const room = most - MARK.length;
  const end = takeWhileFits(runs.toReversed(), room * SHARE_OF_END).reverse();
  const endText = end.join("").trimStart();
  const beginning = takeWhileFits(runs.slice(0, runs.length - end.length), room - endText.length);
  return `${beginning.join("").trimEnd()}${MARK}${endText}`;
}

function takeWhileFits(runs: readonly string[], room: number): string[] {
  let left = room;
  const tooLong = runs.findIndex((run) => {
    left -= run.length;
    return left < 0;
  });
  return runs.slice(0, tooLong < 0 ? runs.length : tooLong);
}
