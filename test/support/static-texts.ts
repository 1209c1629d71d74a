// What texts an expression of the sources can make, with `…` for what only a running program knows. What a constant holds is
// looked up where it is declared, what a function answers in its returns, and what it is given where it is called.
import {
  type CallExpression,
  type Node,
  type SourceFile,
  SyntaxKind,
  type TemplateExpression,
} from "typescript/unstable/ast";
import * as is from "typescript/unstable/ast/is";
import {
  constantIn,
  type FunctionNode,
  functionIn,
  nameOf,
  parameterIndex,
  returnsOf,
  sees,
  sourceOf,
  visit,
} from "./syntax.ts";

/** Stands for a part that is filled in. */
export const HOLE = "…";
/** More than this many alternatives of one part are one that is filled in. */
const MOST_ALTERNATIVES = 40;
const DEEPEST = 8;
/** They answer what others have written. */
const QUOTING = ["cut", "shown", "listed", "cutEncoded", "String"];

/** Reads an expression of one of these files. */
export function createTextReader(files: readonly SourceFile[]): (node: Node) => readonly string[] {
  const calls = files.flatMap((file) => callsIn(file).map((each) => ({ ...each, file })));

  /** The alternatives of a text. */
  function read(node: Node, depth: number): string[] {
    if (depth > DEEPEST) return [HOLE];
    if (is.isStringLiteral(node) || is.isNoSubstitutionTemplateLiteral(node)) return [node.text];
    if (is.isTemplateExpression(node)) return readTemplate(node, depth);
    if (is.isBinaryExpression(node)) return readBinary(node, depth);
    if (is.isConditionalExpression(node)) return [...read(node.whenTrue, depth), ...read(node.whenFalse, depth)];
    return readReference(node, depth);
  }

  function readReference(node: Node, depth: number): string[] {
    if (is.isParenthesizedExpression(node) || is.isAsExpression(node)) return read(node.expression, depth);
    if (is.isIdentifier(node)) return readName(node.text, node, depth + 1);
    return is.isCallExpression(node) ? readCall(node, depth + 1) : [HOLE];
  }

  /** The beginning of a message is what it is searched by: a part that stands there is looked up. */
  function readTemplate({ head, templateSpans }: TemplateExpression, depth: number): string[] {
    const spans = templateSpans.map(({ expression, literal }, index) =>
      joined(index === 0 && head.text === "" ? read(expression, depth + 1) : [HOLE], [literal.text]),
    );
    return spans.reduce(joined, [head.text]);
  }

  function readBinary(node: Node & { left: Node; right: Node; operatorToken: Node }, depth: number): string[] {
    const { kind } = node.operatorToken;
    if (kind === SyntaxKind.PlusToken) return joined(read(node.left, depth), read(node.right, depth));
    return kind === SyntaxKind.QuestionQuestionToken ? [...read(node.left, depth), ...read(node.right, depth)] : [HOLE];
  }

  /** A constant, or a parameter: then what the callers pass. */
  function readName(name: string, at: Node, depth: number): string[] {
    for (let scope: Node | undefined = at.parent; scope !== undefined; scope = scope.parent) {
      const index = parameterIndex(scope, name);
      if (index >= 0) return readArguments(scope as FunctionNode, index, depth);
      const initializer = constantIn(scope, name);
      if (initializer !== undefined) return read(initializer, depth);
    }
    const elsewhere = files.map((file) => constantIn(file, name)).find((found) => found !== undefined);
    return elsewhere === undefined ? [HOLE] : read(elsewhere, depth);
  }

  function readArguments(declared: FunctionNode, index: number, depth: number): string[] {
    const home = sourceOf(declared);
    const wanted = nameOf(declared);
    const texts = calls.flatMap(({ name, call, file }) => {
      const argument = name === wanted && sees(file, name, home) ? call.arguments[index] : undefined;
      return argument === undefined ? [] : read(argument, depth);
    });
    return limited(texts);
  }

  /** What a function returns; where that says nothing, the text that a function among its arguments makes. */
  function readCall(node: CallExpression, depth: number): string[] {
    const name = is.isIdentifier(node.expression) ? node.expression.text : "";
    if (QUOTING.includes(name)) return [HOLE];
    const declared = functionCalled(name, node);
    const returned = declared === undefined ? [] : returnsOf(declared).flatMap((each) => read(each, depth));
    const texts = returned.filter((text) => /\w/.test(text.replaceAll(HOLE, "")));
    if (texts.length > 0) return limited(texts);
    const made = node.arguments
      .filter((argument) => is.isArrowFunction(argument))
      .flatMap((argument) => returnsOf(argument as unknown as FunctionNode))
      .flatMap((each) => read(each, depth));
    return made.length > 0 ? limited(made) : [HOLE];
  }

  function functionCalled(name: string, at: Node): FunctionNode | undefined {
    const own = sourceOf(at);
    const known = files.filter((file) => sees(own, name, file));
    return known.map((file) => functionIn(file, name)).find((found) => found !== undefined);
  }

  return (node) => read(node, 0);
}

function callsIn(file: SourceFile): { readonly name: string; readonly call: CallExpression }[] {
  const found: { readonly name: string; readonly call: CallExpression }[] = [];
  visit(file, (node) => {
    if (is.isCallExpression(node) && is.isIdentifier(node.expression))
      found.push({ name: node.expression.text, call: node });
  });
  return found;
}

function joined(left: readonly string[], right: readonly string[]): string[] {
  return limited(left.flatMap((a) => right.map((b) => `${a}${b}`)));
}

function limited(texts: readonly string[]): string[] {
  const found = [...new Set(texts)];
  return found.length === 0 || found.length > MOST_ALTERNATIVES ? [HOLE] : found;
}
