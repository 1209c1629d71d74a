/**
 * The expressions over blob index tags that Find Blobs by Tags (`where`) and `x-ms-if-tags` take: comparisons of texts,
 * joined by AND and OR ("Find Blobs by Tags", "Specifying conditional headers"). AND binds closer.
 */
import type { StorageError } from "../../storage/errors.ts";

/** What an expression is asked of. */
interface Tagged {
  readonly container: string;
  readonly tags: Readonly<Record<string, string>>;
}

export type TagTest = (blob: Tagged) => boolean;

const TOKEN =
  /\s*(?:(AND|OR)\b|(@container\b|"[^"]{1,128}"|[A-Za-z_]\w*)\s*(<>|>=|<=|=|>|<)\s*'((?:[^']|'')*)'|([()]))/iy;

const OPERATORS: Readonly<Record<string, (left: string, right: string) => boolean>> = {
  "=": (left, right) => left === right,
  "<>": (left, right) => left !== right,
  ">": (left, right) => left > right,
  ">=": (left, right) => left >= right,
  "<": (left, right) => left < right,
  "<=": (left, right) => left <= right,
};

/** An expression has at most ten tags to compare; brackets beyond these are no search. */
const MOST_BRACKETS = 100;

/** Reads an expression; 400 InvalidQueryParameterValue (or the error that `refusal` creates) when it is not one. */
export function parseTagQuery(text: string, refusal: () => StorageError): TagTest {
  const tokens = readTokens(text);
  if (tokens === undefined || tokens.filter((token) => token === "(").length > MOST_BRACKETS) throw refusal();
  const reader = { tokens, at: 0 };
  const test = readAny(reader);
  if (test === undefined || reader.at !== tokens.length) throw refusal();
  return test;
}

type Token = "AND" | "OR" | "(" | ")" | TagTest;

interface Reader {
  readonly tokens: readonly Token[];
  at: number;
}

function readTokens(text: string): Token[] | undefined {
  const tokens: Token[] = [];
  const pattern = new RegExp(TOKEN);
  const whole = text.trim();
  while (pattern.lastIndex < whole.length) {
    const match = pattern.exec(whole);
    if (match === null) return undefined;
    const [, word, name, operator, value, bracket] = match;
    if (word !== undefined) tokens.push(word.toUpperCase() as "AND" | "OR");
    else if (bracket !== undefined) tokens.push(bracket as "(" | ")");
    else tokens.push(comparison(name ?? "", operator ?? "", (value ?? "").replaceAll("''", "'")));
  }
  return tokens;
}

/** A blob without the tag meets no comparison. */
function comparison(name: string, operator: string, value: string): TagTest {
  const compare = OPERATORS[operator] ?? (() => false);
  if (name.toLowerCase() === "@container") return ({ container }) => compare(container, value);
  const tag = name.replaceAll('"', "");
  return ({ tags }) => {
    const held = Object.hasOwn(tags, tag) ? tags[tag] : undefined;
    return held !== undefined && compare(held, value);
  };
}

function readAny(reader: Reader): TagTest | undefined {
  const tests = readJoined(reader, "OR", (inner) => readJoinedAll(inner));
  return tests && ((blob) => tests.some((test) => test(blob)));
}

function readJoinedAll(reader: Reader): TagTest | undefined {
  const tests = readJoined(reader, "AND", readOne);
  return tests && ((blob) => tests.every((test) => test(blob)));
}

function readJoined(
  reader: Reader,
  word: "AND" | "OR",
  read: (reader: Reader) => TagTest | undefined,
): TagTest[] | undefined {
  const tests: TagTest[] = [];
  do {
    if (tests.length > 0) reader.at += 1;
    const test = read(reader);
    if (test === undefined) return undefined;
    tests.push(test);
  } while (reader.tokens[reader.at] === word);
  return tests;
}

function readOne(reader: Reader): TagTest | undefined {
  const token = reader.tokens[reader.at];
  reader.at += 1;
  if (typeof token === "function") return token;
  if (token !== "(") return undefined;
  const test = readAny(reader);
  const closed = reader.tokens[reader.at] === ")";
  reader.at += 1;
  return closed ? test : undefined;
}
