// The messages that the service can put into an answer or an event, read from the sources: the texts of every DriverError, of
// every warning, and of the problems of a class, with `…` for what is filled in.
import { join } from "node:path";
import { type Expression, type Node, type SourceFile, SyntaxKind } from "typescript/unstable/ast";
import * as is from "typescript/unstable/ast/is";
import { API } from "typescript/unstable/sync";
import { readSources, repository } from "./sources.ts";
import { createTextReader, HOLE } from "./static-texts.ts";
import { isFunction, visit } from "./syntax.ts";

export interface UserMessage {
  /** Its words, with `…` for each part that is filled in. */
  readonly text: string;
  /** `src/volume/size.ts:22` */
  readonly where: string;
}

export interface UserMessages {
  readonly messages: readonly UserMessage[];
  /** The reasons of events that the service itself writes: `TagsLost`. */
  readonly reasons: readonly string[];
}

/** What no event shows: the emulator, the commands' own words, doctor's, which have a reference page of their own, and what the controller ends with when it cannot start. */
const OTHERS =
  /^src\/(emulator|commands|config|doctor|volume\/static|kubernetes\/inspection|azure\/inspection)\/|^src\/(app\/service|csi\/server|kubernetes\/clients)\.ts$|\.generated\.ts$/;
/** Where the problems of a class are written. */
const PROBLEMS = /\/src\/(volume\/class\/(parse-class|refusal|rules|unknown-parameter)|backend\/blob\/parameters)\.ts$/;
/** A problem says what is wrong and, after a colon or as a question, what to do; shorter texts are parts of one. */
const WHOLE_PROBLEM = /: |\?$/;
/** Nor is the fix alone a problem. */
const FIX = /^(set|remove|use) /;

/** In the order of the files. Starts the compiler's server once: about a second. */
export function readUserMessages(): UserMessages {
  const api = new API({ cwd: repository });
  try {
    const snapshot = api.updateSnapshot({ openProject: join(repository, "tsconfig.json") });
    const { program } = snapshot.getProjects()[0] ?? fail("no project");
    const files = readSources("src", ".ts")
      .filter(({ path }) => !OTHERS.test(path))
      .map(({ path }) => program.getSourceFile(join(repository, path)) ?? fail(path));
    return collect(files);
  } finally {
    api.close();
  }
}

function fail(what: string): never {
  throw new Error(what);
}

function collect(files: readonly SourceFile[]): UserMessages {
  const read = createTextReader(files);
  const messages: UserMessage[] = [];
  const reasons = new Set<string>();
  for (const file of files) {
    visit(file, (node) => {
      for (const reason of reasonIn(node).flatMap(read)) reasons.add(reason);
      const [message, problem] = [messageIn(node), problemIn(node, file)];
      const expression = message ?? problem;
      if (expression === undefined) return;
      const texts = [...new Set(read(expression).map(tidy))].filter((text) => /\w/.test(text.replaceAll(HOLE, "")));
      const whole = message === undefined ? texts.filter((text) => WHOLE_PROBLEM.test(text) && !FIX.test(text)) : texts;
      for (const text of whole) messages.push({ text, where: placeOf(expression, file) });
    });
  }
  return { messages, reasons: [...reasons].filter((reason) => /^[A-Z]\w+$/.test(reason)).sort() };
}

/** One of a class's problems, of which one message lists several: an outermost text of some words in a function. */
function problemIn(node: Node, file: SourceFile): Expression | undefined {
  if (!PROBLEMS.test(file.fileName) || !isText(node) || isText(node.parent) || !isInFunction(node)) return undefined;
  const words =
    node
      .getText(file)
      .replaceAll(/\$\{[^}]*\}/g, "")
      .match(/[a-z]{2,}/g) ?? [];
  return words.length >= 3 ? (node as Expression) : undefined;
}

function isText(node: Node): boolean {
  if (is.isBinaryExpression(node)) return node.operatorToken.kind === SyntaxKind.PlusToken;
  return is.isTemplateExpression(node) || is.isStringLiteral(node) || is.isNoSubstitutionTemplateLiteral(node);
}

function isInFunction(node: Node): boolean {
  for (let at: Node | undefined = node.parent; at !== undefined; at = at.parent) if (isFunction(at)) return true;
  return false;
}

/** The text of a failure or of a warning. */
function messageIn(node: Node): Expression | undefined {
  if (is.isNewExpression(node) && is.isIdentifier(node.expression) && node.expression.text === "DriverError") {
    return node.arguments?.[1];
  }
  if (!is.isObjectLiteralExpression(node)) return undefined;
  const names = node.properties.map(memberName);
  if (!names.includes("message") || !(names.includes("reason") || names.includes("kind"))) return undefined;
  const property = node.properties[names.indexOf("message")];
  if (property === undefined) return undefined;
  if (is.isPropertyAssignment(property)) return property.initializer;
  return is.isShorthandPropertyAssignment(property) ? (property.name as Expression) : undefined;
}

function memberName(property: Node): string {
  const { name } = property as { readonly name?: Node };
  return name !== undefined && is.isIdentifier(name) ? name.text : "";
}

/** What `kind: "NodeDriver"` or `reason: "TagsLost"` beside a message says. */
function reasonIn(node: Node): Node[] {
  if (!is.isObjectLiteralExpression(node) || messageIn(node) === undefined) return [];
  return node.properties.flatMap((property): Node[] => {
    if (!["kind", "reason"].includes(memberName(property))) return [];
    if (is.isPropertyAssignment(property)) return [property.initializer];
    return is.isShorthandPropertyAssignment(property) ? [property.name] : [];
  });
}

function placeOf(node: Node, file: SourceFile): string {
  const line = file.text.slice(0, node.getStart(file)).split("\n").length;
  return `${file.fileName.slice(repository.length + 1)}:${line}`;
}

function tidy(text: string): string {
  return text.replace(/…+/g, HOLE).trim();
}
