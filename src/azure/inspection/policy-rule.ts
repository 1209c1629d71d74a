/**
 * Reads the rule of a policy definition as far as it can be judged from outside Azure: conditions on what an account's body states.
 * Template functions other than parameters are not evaluated, so that a rule may be neither matched nor not. Source: "Azure Policy
 * definition structure: policy rule".
 */
import { conditionHolds } from "../refusals/policy-operator.ts";
import { asObject, type Json } from "./json.ts";

/** What the rule is read for. */
export interface RuleSubject {
  /** The account as Azure is sent it, with its `type` and `name`. */
  readonly content: Json;
  /** Of the assignment, completed with the definition's defaults. */
  readonly parameters: Json;
}

export interface ReadRule {
  /** Undefined: that cannot be said. */
  readonly matches: boolean | undefined;
  /** The conditions that were judged, in the form of Azure's `evaluatedExpressions`. */
  readonly expressions: readonly Json[];
}

/** `rule` is the definition's `policyRule.if`. */
export function readRule(rule: unknown, subject: RuleSubject): ReadRule {
  const expressions: Json[] = [];
  const judge = (part: unknown): boolean | undefined => {
    const { allOf, anyOf, not, ...condition } = asObject(part);
    if (Array.isArray(allOf)) return every(allOf.map(judge));
    if (Array.isArray(anyOf)) return negated(every(anyOf.map((each) => negated(judge(each)))));
    if (not !== undefined) return negated(judge(not));
    return judgeCondition(condition, subject, expressions);
  };
  return { matches: judge(rule), expressions };
}

/** False as soon as one is, whatever the others are. */
function every(parts: readonly (boolean | undefined)[]): boolean | undefined {
  if (parts.includes(false)) return false;
  return parts.includes(undefined) ? undefined : true;
}

function negated(truth: boolean | undefined): boolean | undefined {
  return truth === undefined ? undefined : !truth;
}

function judgeCondition(condition: Json, { content, parameters }: RuleSubject, judged: Json[]): boolean | undefined {
  const { field: written, ...rest } = condition;
  const [[operator = "", target] = []] = Object.entries(rest);
  const field = fieldOf(written, parameters);
  const resolved = resolve(target, parameters);
  if (field === undefined || resolved === undefined || Object.keys(rest).length !== 1) return undefined;
  const value = memberAt(content, pathOf(field));
  const text = asText(value);
  const targets = [resolved].flat().map(String);
  const result =
    typeof value === "object" && value !== null && !/^exists$/i.test(operator)
      ? keyed(operator, value, targets)
      : conditionHolds(operator, text, targets);
  if (result === undefined) return undefined;
  judged.push({
    result: result ? "True" : "False",
    expressionKind: "Field",
    expression: field,
    expressionValue: value ?? null,
    targetValue: resolved,
    operator,
  });
  return result;
}

/** Of an object, such as the tags: which members it has; nothing else can be said of it. */
function keyed(operator: string, value: object, [target = ""]: readonly string[]): boolean | undefined {
  const has = Object.keys(value).some((key) => key.toLowerCase() === target.toLowerCase());
  if (/^containsKey$/i.test(operator)) return has;
  return /^notContainsKey$/i.test(operator) ? !has : undefined;
}

/** A field, a tag or an alias, also where a parameter names the tag. */
function fieldOf(written: unknown, parameters: Json): string | undefined {
  if (typeof written !== "string") return undefined;
  const [, name] = /^\[concat\('tags\[',\s*parameters\('([^']+)'\),\s*'\]'\)\]$/i.exec(written) ?? [];
  if (name === undefined) return written.startsWith("[") ? undefined : written;
  const tag = memberAt(parameters, [name]);
  return typeof tag === "string" ? `tags[${tag}]` : undefined;
}

/** The value of `[parameters('x')]`; undefined for every other template function. */
export function resolve(target: unknown, parameters: Json): unknown {
  if (typeof target !== "string" || !target.startsWith("[")) return target;
  if (target.startsWith("[[")) return target.slice(1);
  const [, name] = /^\[parameters\('([^']+)'\)\]$/i.exec(target) ?? [];
  return name === undefined ? undefined : memberAt(parameters, [name]);
}

/** Where an account's body has what a field is about. An alias of another type leads nowhere, as in Azure. */
function pathOf(field: string): readonly string[] {
  const [, tag] = /^tags\[['"]?(.*?)['"]?\]$/i.exec(field) ?? /^tags\.(.+)$/i.exec(field) ?? [];
  if (tag !== undefined) return ["tags", tag];
  const [, alias] = /^Microsoft\.Storage\/storageAccounts\/(.+)$/i.exec(field) ?? [];
  if (alias === undefined) return [field];
  return /^sku\./i.test(alias) ? alias.split(".") : ["properties", ...alias.split(".")];
}

/** By names without case, as Azure compares them. */
function memberAt(from: unknown, path: readonly string[]): unknown {
  let value = from;
  for (const name of path) {
    value = Object.entries(asObject(value)).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
  }
  return value;
}

function asText(value: unknown): string | undefined {
  return value === undefined || value === null ? undefined : String(value);
}
