/** Template expressions (`[concat('a', parameters('b').c[0])]`) as trees: "Understand the structure and syntax", expressions. */
import { invalidTemplate } from "./errors.ts";

export type Expression =
  | { readonly kind: "literal"; readonly value: string | number }
  | { readonly kind: "call"; readonly name: string; readonly args: readonly Expression[] }
  | { readonly kind: "member"; readonly of: Expression; readonly key: Expression };

const TOKEN = /\s*(?:'((?:[^']|'')*)'|(-?\d+)|([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)?(?=\s*\())|([A-Za-z_]\w*)|([()[\],.]))/y;

interface Token {
  readonly kind: "text" | "number" | "function" | "word" | "sign";
  readonly text: string;
}

/** How deep calls may be in calls: an expression has at most 24,576 characters ("Template limits"), and no sane one is near this. */
const DEEPEST = 200;

interface Reader {
  readonly source: string;
  readonly tokens: readonly Token[];
  at: number;
  depth: number;
}

/** The tree of an expression, given without its square brackets. Throws 400 InvalidTemplate when it cannot be read. */
export function parseExpression(source: string): Expression {
  const reader: Reader = { source, tokens: readTokens(source), at: 0, depth: 0 };
  const expression = readValue(reader);
  if (reader.at !== reader.tokens.length) throw unreadable(source);
  return expression;
}

function readTokens(source: string): Token[] {
  const pattern = new RegExp(TOKEN);
  const tokens: Token[] = [];
  const whole = source.trim();
  while (pattern.lastIndex < whole.length) {
    const match = pattern.exec(whole);
    if (match === null) throw unreadable(source);
    const [, text, number, name, word, sign] = match;
    if (text !== undefined) tokens.push({ kind: "text", text: text.replaceAll("''", "'") });
    else if (number !== undefined) tokens.push({ kind: "number", text: number });
    else if (name !== undefined) tokens.push({ kind: "function", text: name });
    else if (word !== undefined) tokens.push({ kind: "word", text: word });
    else tokens.push({ kind: "sign", text: sign ?? "" });
  }
  return tokens;
}

function readValue(reader: Reader): Expression {
  reader.depth += 1;
  if (reader.depth > DEEPEST) throw unreadable(reader.source);
  let value = readFirst(reader);
  for (;;) {
    if (takes(reader, ".")) {
      const name = take(reader);
      if (name?.kind !== "word" && name?.kind !== "function") throw unreadable(reader.source);
      value = { kind: "member", of: value, key: { kind: "literal", value: name.text } };
    } else if (takes(reader, "[")) {
      const key = readValue(reader);
      if (!takes(reader, "]")) throw unreadable(reader.source);
      value = { kind: "member", of: value, key };
    } else {
      reader.depth -= 1;
      return value;
    }
  }
}

function readFirst(reader: Reader): Expression {
  const token = take(reader);
  if (token?.kind === "text") return { kind: "literal", value: token.text };
  if (token?.kind === "number") return { kind: "literal", value: Number(token.text) };
  if (token?.kind !== "function" || !takes(reader, "(")) throw unreadable(reader.source);
  const args: Expression[] = [];
  if (takes(reader, ")")) return { kind: "call", name: token.text, args };
  do args.push(readValue(reader));
  while (takes(reader, ","));
  if (!takes(reader, ")")) throw unreadable(reader.source);
  return { kind: "call", name: token.text, args };
}

function take(reader: Reader): Token | undefined {
  reader.at += 1;
  return reader.tokens[reader.at - 1];
}

function takes(reader: Reader, sign: string): boolean {
  const token = reader.tokens[reader.at];
  if (token?.kind !== "sign" || token.text !== sign) return false;
  reader.at += 1;
  return true;
}

function unreadable(source: string) {
  return invalidTemplate(`the template language expression '${source}' is not valid`);
}
