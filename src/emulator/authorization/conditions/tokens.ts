/** The tokens of a role assignment condition. The grammar over them is in `parser.ts`. */

/** One token, with the position where it begins (for messages). */
export interface Token {
  readonly kind: "symbol" | "word" | "text" | "attribute";
  /** A symbol or word as it stands; a text without its quotes; an attribute's name without brackets. */
  readonly value: string;
  /** For attributes: Request, Resource, Principal or Environment. */
  readonly source?: string;
  readonly at: number;
}

/** A condition that Azure would refuse: "The given role assignment condition is invalid." */
export class InvalidCondition extends Error {}

const SHAPES: readonly [Token["kind"], RegExp][] = [
  ["attribute", /@(\w+)\[([^\]]+)\]/y],
  ["text", /'((?:[^'\\]|\\.)*)'/y],
  ["symbol", /&&|\|\||[(){},!]/y],
  ["word", /[A-Za-z0-9_][A-Za-z0-9_:.-]*/y],
];

/** All tokens of a condition. Throws InvalidCondition at the first character that begins none. */
export function readTokens(condition: string): Token[] {
  const tokens: Token[] = [];
  let at = skipSpace(condition, 0);
  while (at < condition.length) {
    const { token, end } = readToken(condition, at);
    tokens.push(token);
    at = skipSpace(condition, end);
  }
  return tokens;
}

function readToken(condition: string, at: number): { token: Token; end: number } {
  for (const [kind, shape] of SHAPES) {
    shape.lastIndex = at;
    const match = shape.exec(condition);
    if (match === null) continue;
    const end = shape.lastIndex;
    if (kind === "attribute") {
      return { token: { kind, source: match[1] ?? "", value: (match[2] ?? "").trim(), at }, end };
    }
    return { token: { kind, value: kind === "text" ? (match[1] ?? "") : match[0], at }, end };
  }
  throw new InvalidCondition(`unexpected '${condition[at]}' at ${at}`);
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && /\s/.test(text[at] ?? "")) at += 1;
  return at;
}
