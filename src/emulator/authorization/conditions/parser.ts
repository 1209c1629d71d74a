/**
 * The grammar of role assignment conditions, version 2.0 (Azure RBAC "conditions-format"): text -> expression. Anything
 * it does not know is refused, as Azure refuses a condition when the assignment is written.
 */
import { type Attribute, isKnownAttribute } from "./attributes.ts";
import type { Operator } from "./operators.ts";
import { findOperator, isValueOf } from "./operators.ts";
import { InvalidCondition, readTokens, type Token } from "./tokens.ts";

/** One side of a comparison. */
export type Operand = Attribute | { readonly values: readonly string[] };

/** How many of the left and of the right values must compare. */
interface Quantifier {
  readonly left: "any" | "all";
  readonly right: "any" | "all";
}

/** `left operator right`. */
export interface Comparison {
  readonly kind: "compare";
  readonly left: Operand;
  readonly quantifier: Quantifier;
  readonly operator: Operator;
  readonly right: Operand;
}

/** A condition or a part of one. */
export type Expression =
  | { readonly kind: "and" | "or"; readonly terms: readonly Expression[] }
  | { readonly kind: "not"; readonly term: Expression }
  | { readonly kind: "action" | "subOperation"; readonly patterns: readonly string[] }
  | { readonly kind: "exists"; readonly attribute: Attribute }
  | Comparison;

/** Throws InvalidCondition, with a reason and a position, for everything that is not a condition. */
export function parseCondition(condition: string): Expression {
  const reader = createReader(readTokens(condition));
  const expression = parseLogical(reader);
  const rest = reader.peek();
  if (rest !== undefined) throw unexpected(rest);
  return expression;
}

interface Reader {
  peek(): Token | undefined;
  next(): Token;
  /** Takes the next token if it is this symbol or word (words without case). */
  take(...values: readonly string[]): boolean;
  expect(value: string): void;
}

function createReader(tokens: readonly Token[]): Reader {
  let index = 0;
  const reader: Reader = {
    peek: () => tokens[index],
    next() {
      const token = tokens[index];
      if (token === undefined) throw new InvalidCondition("unexpected end");
      index += 1;
      return token;
    },
    take(...values) {
      const token = tokens[index];
      if (token === undefined || (token.kind !== "symbol" && token.kind !== "word")) return false;
      if (!values.includes(token.value.toUpperCase())) return false;
      index += 1;
      return true;
    },
    expect(value) {
      if (!reader.take(value)) throw unexpected(reader.next());
    },
  };
  return reader;
}

function unexpected(token: Token): InvalidCondition {
  return new InvalidCondition(`unexpected '${token.value}' at ${token.at}`);
}

/** AND and OR have no precedence between them: the documentation demands parentheses, so a mix is refused. */
function parseLogical(reader: Reader): Expression {
  const terms = [parseUnary(reader)];
  let kind: "and" | "or" | undefined;
  for (;;) {
    const found = reader.take("AND", "&&") ? "and" : reader.take("OR", "||") ? "or" : undefined;
    if (found === undefined) break;
    if (kind !== undefined && kind !== found) throw new InvalidCondition("AND and OR are mixed without parentheses");
    kind = found;
    terms.push(parseUnary(reader));
  }
  const [only] = terms;
  return kind === undefined && only !== undefined ? only : { kind: kind ?? "and", terms };
}

function parseUnary(reader: Reader): Expression {
  if (reader.take("!", "NOT")) return { kind: "not", term: parseUnary(reader) };
  if (reader.take("(")) {
    const inner = parseLogical(reader);
    reader.expect(")");
    return inner;
  }
  if (reader.take("ACTIONMATCHES")) return { kind: "action", patterns: parseTexts(reader) };
  if (reader.take("SUBOPERATIONMATCHES")) return { kind: "subOperation", patterns: parseTexts(reader) };
  if (reader.take("EXISTS")) return { kind: "exists", attribute: toAttribute(reader.next()) };
  return parseComparison(reader);
}

function parseTexts(reader: Reader): string[] {
  const patterns = parseSet(reader).map((token) => {
    if (token.kind !== "text") throw unexpected(token);
    return token.value;
  });
  return patterns;
}

function parseComparison(reader: Reader): Comparison {
  const left = parseOperand(reader);
  const { quantifier, operator } = parseOperator(reader.next());
  const right = parseOperand(reader);
  if (!("name" in left.operand) && !("name" in right.operand)) throw new InvalidCondition("no attribute is compared");
  for (const token of [...left.literals, ...right.literals]) checkLiteral(token, operator);
  return { kind: "compare", left: left.operand, quantifier, operator, right: right.operand };
}

/** `StringEquals`, or `ForAnyOfAllValues:StringEquals`. */
function parseOperator(token: Token): { quantifier: Quantifier; operator: Operator } {
  const match = /^(?:For(Any|All)Of(Any|All)Values:)?(\w+)$/i.exec(token.value);
  const operator = match?.[3] === undefined || token.kind !== "word" ? undefined : findOperator(match[3]);
  if (operator === undefined) throw unexpected(token);
  const side = (text: string | undefined) => (text?.toLowerCase() === "all" ? "all" : "any");
  return { quantifier: { left: side(match?.[1]), right: side(match?.[2]) }, operator };
}

function parseOperand(reader: Reader): { operand: Operand; literals: readonly Token[] } {
  const token = reader.peek();
  if (token?.kind === "attribute") return { operand: toAttribute(reader.next()), literals: [] };
  const literals = token?.value === "{" && token.kind === "symbol" ? parseSet(reader) : [parseLiteral(reader)];
  return { operand: { values: literals.map((each) => each.value) }, literals };
}

/** `{a, b}` with at least one member. */
function parseSet(reader: Reader): Token[] {
  reader.expect("{");
  const members = [parseLiteral(reader)];
  while (reader.take(",")) members.push(parseLiteral(reader));
  reader.expect("}");
  return members;
}

function parseLiteral(reader: Reader): Token {
  const token = reader.next();
  if (token.kind !== "text" && token.kind !== "word") throw unexpected(token);
  return token;
}

/** Strings are quoted; numbers, truth values and GUIDs are bare or quoted. */
function checkLiteral(token: Token, operator: Operator): void {
  const bare = token.kind === "word";
  if (bare && operator.kind === "string") throw unexpected(token);
  if (!isValueOf(operator.kind, token.value)) throw unexpected(token);
}

function toAttribute(token: Token): Attribute {
  const source = token.source?.toLowerCase();
  if (source !== "request" && source !== "resource" && source !== "principal" && source !== "environment") {
    throw unexpected(token);
  }
  if (!isKnownAttribute(source, token.value)) {
    throw new InvalidCondition(`${token.source} attribute ${token.value} is not valid.`);
  }
  return { source, name: token.value };
}
