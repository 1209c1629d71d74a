/**
 * The part of Azure Policy's rule language that the built-in definitions for storage accounts use, evaluated as Azure does
 * ("Azure Policy definition structure: policy rule"): texts compare without case, and a property that is not there equals
 * nothing, so that `notEquals` holds of it.
 */
import { isObject, type JsonObject, ownValue } from "../json.ts";

export type Rule =
  | { readonly allOf: readonly Rule[] }
  | { readonly anyOf: readonly Rule[] }
  | { readonly not: Rule }
  | Condition;

export interface Condition {
  /**
   * `type`, `location`, `kind`, `id`, `name`, `tags[owner]`, a path of an account (`networkAcls.defaultAction`, `sku.name`), or
   * one of COMPUTED. `{tagName}` in it stands for the assignment's parameter of that name.
   */
  readonly field: string;
  readonly operator: Operator;
  readonly target: string | number | boolean | readonly string[] | { readonly parameter: string };
}

export interface Evaluated {
  readonly field: string;
  readonly operator: Operator;
  readonly target: unknown;
  readonly value: unknown;
  readonly result: boolean;
}

/** What a rule is evaluated for. */
export interface Subject {
  readonly id: string;
  readonly type: string;
  readonly resource: JsonObject;
  readonly apiVersion: string;
  /** The assignment's. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

const text = (value: unknown) => String(value ?? "").toLowerCase();
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);
const same = (value: unknown, target: unknown) => value !== undefined && value !== null && text(value) === text(target);
const order = (value: unknown, target: unknown) =>
  typeof target === "number" ? Number(value) - target : text(value).localeCompare(text(target), "en");

const OPERATORS = {
  equals: same,
  in: (value: unknown, target: unknown) => list(target).some((each) => same(value, each)),
  like: (value: unknown, target: unknown) => toPattern(text(target)).test(text(value)),
  contains: (value: unknown, target: unknown) => text(value).includes(text(target)),
  exists: (value: unknown, target: unknown) => (value !== undefined && value !== null) === (text(target) === "true"),
  containsKey: (value: unknown, target: unknown) =>
    isObject(value) && Object.keys(value).some((key) => same(key, target)),
  less: (value: unknown, target: unknown) => order(value, target) < 0,
  greater: (value: unknown, target: unknown) => order(value, target) > 0,
  greaterOrEquals: (value: unknown, target: unknown) => order(value, target) >= 0,
} as const;

export type Operator = keyof typeof OPERATORS | "notEquals" | "notIn" | "notLike" | "notContains";
const NEGATED: Readonly<Partial<Record<Operator, keyof typeof OPERATORS>>> = {
  notEquals: "equals",
  notIn: "in",
  notLike: "like",
  notContains: "contains",
};

/** What the definitions compute by template functions. */
const COMPUTED: Readonly<Record<string, (subject: Subject) => unknown>> = {
  type: ({ type }) => type,
  id: ({ id }) => id,
  name: ({ id }) => id.split("/").at(-1),
  "requestContext().apiVersion": ({ apiVersion }) => apiVersion,
  // No user: applications sign in without a second factor.
  "requestContext().identity.idtyp": () => "app",
  "resourcegroup().managedBy": () => undefined,
  "sasPolicy.sasExpirationPeriod.days": (subject) => sasPeriod(subject)[0] ?? 99,
  "sasPolicy.sasExpirationPeriod.rest": (subject) =>
    sasPeriod(subject)
      .slice(1)
      .reduce((sum, part) => sum + part, 0),
  "networkAcls.ipRules.count": (subject) => listAt(subject, "networkAcls.ipRules").length,
};

/** Whether the rule matches, and every condition that was looked at on the way. */
export function evaluate(rule: Rule, subject: Subject): { readonly matches: boolean; readonly evaluated: Evaluated[] } {
  const evaluated: Evaluated[] = [];
  const holds = (part: Rule): boolean => {
    if ("allOf" in part) return part.allOf.every(holds);
    if ("anyOf" in part) return part.anyOf.some(holds);
    if ("not" in part) return !holds(part.not);
    const condition = evaluateCondition(part, subject);
    evaluated.push(condition);
    return condition.result;
  };
  return { matches: holds(rule), evaluated };
}

function evaluateCondition({ field: written, operator, target: given }: Condition, subject: Subject): Evaluated {
  const field = written.replace(/\{(\w+)\}/g, (_, name: string) => String(subject.parameters[name] ?? ""));
  const target = isObject(given) ? subject.parameters[String(given["parameter"])] : given;
  const value = readField(field, subject);
  const plain = NEGATED[operator];
  const result =
    plain === undefined
      ? OPERATORS[operator as keyof typeof OPERATORS](value, target)
      : !OPERATORS[plain](value, target);
  return { field, operator, target, value, result };
}

function readField(field: string, subject: Subject): unknown {
  const computed = ownValue(COMPUTED, field);
  if (computed !== undefined) return computed(subject);
  const { resource } = subject;
  const [, tag] = /^tags\[(.*)\]$/.exec(field) ?? [];
  if (tag !== undefined) return Object.entries(asObject(resource["tags"])).find(([name]) => same(name, tag))?.[1];
  const top = memberAt(resource, field);
  return top ?? memberAt(asObject(resource["properties"]), field);
}

function memberAt(from: JsonObject, path: string): unknown {
  let value: unknown = from;
  for (const name of path.split(".")) value = isObject(value) ? value[name] : undefined;
  return value;
}

function listAt({ resource }: Subject, path: string): unknown[] {
  const found = memberAt(asObject(resource["properties"]), path);
  return Array.isArray(found) ? found : [];
}

/** `7.00:00:00` as numbers; none where there is no such property. */
function sasPeriod({ resource }: Subject): number[] {
  const period = memberAt(asObject(resource["properties"]), "sasPolicy.sasExpirationPeriod");
  return typeof period === "string" ? period.split(/[:.]/).map(Number) : [];
}

function toPattern(wildcard: string): RegExp {
  const parts = wildcard.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`);
}

function asObject(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}
