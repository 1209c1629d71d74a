/**
 * What a policy wants of a resource, from the expressions of its rule that were evaluated (`evaluatedExpressions`). A rule says
 * when to deny, so that what it wants is the contrary. Source: "Determine causes of non-compliance".
 */
import { type Wish, wishOf } from "./policy-operator.ts";

/** One property that does not please a policy. */
export interface Requirement extends Wish {
  /** As ARM's bodies have it below `properties`: `networkAcls.defaultAction`, `sku.name`, `location`, `tags.owner`. */
  readonly property: string;
  /** The value that it has; undefined: none, or not said. */
  readonly actual: string | undefined;
}

type Expression = Readonly<Record<string, unknown>>;
type Parameters = Readonly<Record<string, unknown>>;

/** Which resources a rule is about, unless it names values that would do. */
const FILTERS = ["kind", "name", "location", "sku.tier", "id", "fullName", "identity.type"];
/** What the rule of "Allowed locations" leaves out, since it stands for no region. */
const NO_REGION = "global";

/** Of a formula: what it is about stands near its beginning. */
const LONGEST_EXPRESSION = 2_000;

/** Every property once for each thing that is wanted of it, in the order of the rule. */
export function readRequirements(expressions: readonly Expression[], parameters: Parameters): Requirement[] {
  const all = expressions
    .map((expression) => ({ expression, requirement: toRequirement(expression, parameters) }))
    .flatMap(({ expression, requirement }) => (requirement === undefined ? [] : [{ expression, requirement }]));
  const others = all.filter(({ requirement }) => requirement.property !== "type");
  // A rule about types alone wants another type; any other rule only says by it what it is about.
  if (others.length < all.length && all.length === expressions.length && others.length === 0) {
    return isAboutTypes(all, parameters) ? once(all) : [];
  }
  // What did not match may be a branch of the rule that has nothing to do with this resource, unless nothing else is there.
  const matched = others.filter(({ expression }) => holds(expression));
  const said = matched.some(isDemand) ? matched : others;
  const demands = said.filter(isDemand);
  return once(demands.length > 0 ? demands : said);
}

interface Read {
  readonly expression: Expression;
  readonly requirement: Requirement;
}

function once(found: readonly Read[]): Requirement[] {
  const requirements = found.map(
    ({ requirement }) => [`${requirement.property} ${requirement.must}`, requirement] as const,
  );
  return [...new Map(requirements).values()];
}

/** Not where the conditions that matter are left out, and only the first one, about the type, is there. */
function isAboutTypes(found: readonly Read[], parameters: Parameters): boolean {
  const hasParameters = Object.keys(parameters).some((name) => !/effect$/i.test(name));
  return !hasParameters || found.some(({ expression }) => !/^equals$/i.test(String(expression["operator"])));
}

/**
 * Whether it wants something, and does not only say which resources the rule is about. A formula that equals something may be
 * half of a condition ("7 days, and some hours") whose other half did not hold.
 */
function isDemand({ expression, requirement: { property, wanted } }: Read): boolean {
  const isFormula = /^value$/i.test(String(expression["expressionKind"]));
  const mayBeHalf = isFormula && holds(expression) && /^(equals|in)$/i.test(String(expression["operator"]));
  return !mayBeHalf && (!FILTERS.includes(property) || wanted.length > 0);
}

function holds({ result }: Expression): boolean {
  return String(result).toLowerCase() !== "false";
}

function toRequirement(expression: Expression, parameters: Parameters): Requirement | undefined {
  const property = propertyOf(expression, parameters);
  if (property === undefined) return undefined;
  const operator = String(expression["operator"] ?? "");
  const targets = valuesOf(resolve(expression["targetValue"], parameters));
  if (property === "location" && targets.every((target) => target.toLowerCase() === NO_REGION)) return undefined;
  const { expressionValue: value } = expression;
  const actual = value === undefined || value === null ? undefined : valuesOf(value).join(", ");
  // A tag that has to be there, by the name of the member instead of the member.
  if (property === "tags" && /^(not)?containsKey$/i.test(operator)) {
    const isThere = /^not/i.test(operator) ? "False" : "True";
    return {
      property: `tags.${targets[0] ?? ""}`,
      actual: undefined,
      ...wishOf("Exists", [isThere], holds(expression)),
    };
  }
  return { property, actual, ...wishOf(operator, targets, holds(expression)) };
}

/**
 * `Microsoft.Storage/storageAccounts/networkAcls.defaultAction`, `tags['owner']`, `[concat('tags[', parameters('tagName'), ']')]`
 * or a formula over one of them; undefined for a condition about nothing of the resource.
 */
function propertyOf({ path, expression, expressionKind }: Expression, parameters: Parameters): string | undefined {
  const text = String(expression ?? path ?? "").slice(0, LONGEST_EXPRESSION);
  const tag = tagIn(text, parameters) ?? tagIn(String(path ?? ""), parameters);
  if (tag !== undefined) return `tags.${tag}`;
  const alias = /Microsoft\.\w+(?:\/\w+)*\/([\w.[\]*-]+)/i.exec(text)?.[1];
  if (alias !== undefined) return withoutProperties(alias);
  const field = /field\('([\w.[\]*-]+)'\)/i.exec(text)?.[1];
  if (field !== undefined) return withoutProperties(field);
  const isField = String(expressionKind ?? "Field").toLowerCase() === "field";
  return isField && /^[\w.[\]*-]+$/.test(text) ? withoutProperties(text) : undefined;
}

function withoutProperties(path: string): string {
  return path.replace(/^properties\./, "");
}

function tagIn(text: string, parameters: Parameters): string | undefined {
  const named = /tags\[\s*['"]?([^'"\],()]+)['"]?\s*\]/i.exec(text) ?? /^(?:\w+\.)?tags\.(.+)$/i.exec(text);
  if (named?.[1] !== undefined) return named[1];
  const parameter = /tags\[.*parameters\('([^']+)'\)/i.exec(text)?.[1];
  const value = parameter === undefined ? undefined : parameterOf(parameter, parameters);
  return value === undefined ? undefined : String(value);
}

/** `[parameters('listOfAllowedLocations')]`, where the policy has not put the values in itself. */
function resolve(target: unknown, parameters: Parameters): unknown {
  const name = typeof target === "string" ? /^\[parameters\('([^']+)'\)\]$/i.exec(target)?.[1] : undefined;
  return name === undefined ? target : (parameterOf(name, parameters) ?? target);
}

function parameterOf(name: string, parameters: Parameters): unknown {
  return Object.entries(parameters).find(([other]) => other.toLowerCase() === name.toLowerCase())?.[1];
}

function valuesOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(valuesOf);
  if (value === undefined || value === null) return [];
  return [typeof value === "object" ? JSON.stringify(value) : String(value)];
}
