// Looking up names in the syntax trees of the sources, as far as user-messages.ts needs it.
import type { Expression, Node, SourceFile } from "typescript/unstable/ast";
import * as is from "typescript/unstable/ast/is";
import { findImports, repository } from "./sources.ts";

export type FunctionNode = Node & { readonly body?: Node; readonly parameters: readonly Node[]; readonly name?: Node };

export function visit(node: Node, look: (node: Node) => void): void {
  look(node);
  node.forEachChild((child) => {
    visit(child, look);
    return undefined;
  });
}

export function isFunction(node: Node): boolean {
  return is.isFunctionDeclaration(node) || is.isArrowFunction(node) || is.isFunctionExpression(node);
}

export function nameOf(node: FunctionNode): string | undefined {
  if (node.name !== undefined && is.isIdentifier(node.name)) return node.name.text;
  const { parent } = node;
  return parent !== undefined && is.isVariableDeclaration(parent) && is.isIdentifier(parent.name)
    ? parent.name.text
    : undefined;
}

export function parameterIndex(scope: Node, name: string): number {
  if (!isFunction(scope)) return -1;
  return (scope as FunctionNode).parameters.findIndex((each) => {
    const { name: declared } = each as unknown as { readonly name: Node };
    return is.isIdentifier(declared) && declared.text === name;
  });
}

/** Of the statements of this very scope. */
export function constantIn(scope: Node, name: string): Expression | undefined {
  const { statements } = scope as unknown as { readonly statements?: readonly Node[] };
  for (const statement of statements ?? []) {
    if (!is.isVariableStatement(statement)) continue;
    for (const each of statement.declarationList.declarations) {
      if (is.isIdentifier(each.name) && each.name.text === name) return each.initializer;
    }
  }
  return undefined;
}

export function functionIn(file: SourceFile, name: string): FunctionNode | undefined {
  let found: FunctionNode | undefined;
  visit(file, (node) => {
    if (isFunction(node) && nameOf(node as FunctionNode) === name) found ??= node as FunctionNode;
  });
  return found;
}

/** What it returns, without the functions in it. */
export function returnsOf({ body }: FunctionNode): Node[] {
  if (body === undefined) return [];
  if (!is.isBlock(body)) return [body];
  const found: Node[] = [];
  const walk = (node: Node): undefined => {
    if (isFunction(node)) return undefined;
    if (is.isReturnStatement(node) && node.expression !== undefined) found.push(node.expression);
    node.forEachChild(walk);
    return undefined;
  };
  body.forEachChild(walk);
  return found;
}

export function sourceOf(node: Node): SourceFile {
  let at = node;
  while (at.parent !== undefined) at = at.parent;
  return at as SourceFile;
}

/** Whether `name`, where `file` uses it, is what `home` declares. */
export function sees(file: SourceFile, name: string, home: SourceFile): boolean {
  if (file === home) return functionIn(home, name) !== undefined;
  if (functionIn(file, name) !== undefined) return false;
  const target = home.fileName.slice(repository.length + 1);
  const imports = findImports({ path: file.fileName.slice(repository.length + 1), text: file.text });
  return imports.some((each) => each.target === target) && new RegExp(`\\b${name}\\b[^;]*?from "`).test(file.text);
}
