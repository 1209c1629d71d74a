// Evaluates the templates of keyless-csi as Resource Manager does, as far as they use its language: the PUTs that a deployment
// makes (Azure Resource Manager, "Template functions": their names, arguments and results).
import { createHash } from "node:crypto";
import type { ArmTemplate } from "../../src/commands/roles/arm-template.ts";

/** One PUT of a deployment. */
export interface Deployed {
  readonly path: string;
  readonly apiVersion: string;
  readonly properties: object;
}

interface Resource {
  readonly type: string;
  readonly apiVersion: string;
  readonly name: string;
  readonly condition?: string;
  readonly subscriptionId?: string;
  readonly resourceGroup?: string;
  readonly properties: object & { readonly template?: { readonly resources: readonly Resource[] } };
}

interface Context {
  readonly subscriptionId: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly variables: Readonly<Record<string, string>>;
}

/** What `az deployment sub create` of the template puts, in its order. */
export function deploy(
  template: ArmTemplate,
  subscriptionId: string,
  given: Readonly<Record<string, unknown>> = {},
): Deployed[] {
  const declared = Object.entries(template.parameters ?? {});
  const base: Context = { subscriptionId, parameters: {}, variables: template.variables ?? {} };
  const parameters = Object.fromEntries(
    declared.map(([name, row]) => [
      name,
      given[name] ?? evaluate((row as { defaultValue?: unknown }).defaultValue, base),
    ]),
  );
  const context = { ...base, parameters };
  return putsOf(template.resources as Resource[], context, `/subscriptions/${subscriptionId}`);
}

function putsOf(resources: readonly Resource[], context: Context, scope: string): Deployed[] {
  return resources.flatMap(({ condition, ...resource }) => {
    if (condition !== undefined && evaluate(condition, context) !== true) return [];
    const { template, ...own } = resource.properties;
    if (template !== undefined) {
      const { subscriptionId, resourceGroup } = evaluate({ ...resource, properties: {} }, context) as Resource;
      const group = resourceGroup === undefined ? "" : `/resourceGroups/${resourceGroup}`;
      return putsOf(template.resources, context, `/subscriptions/${subscriptionId}${group}`);
    }
    const { type, name, apiVersion, properties } = evaluate({ ...resource, properties: own }, context) as Resource;
    return [{ path: `${scope}/providers/${type}/${name}`, apiVersion, properties }];
  });
}

/** Every expression in the value, replaced by what it yields. */
function evaluate(value: unknown, context: Context): unknown {
  if (Array.isArray(value)) return value.map((each) => evaluate(each, context));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, evaluate(each, context)]));
  }
  if (typeof value !== "string" || !/^\[[^[].*\]$/s.test(value)) return value;
  const tokens = [...value.slice(1, -1).matchAll(/'(?:[^']|'')*'|[\w.]+|[(),]/g)].map(([token]) => token);
  const result = readTerm(tokens, context);
  if (tokens.length > 0) throw new Error(`not understood: ${tokens.join(" ")} of ${value}`);
  return result;
}

function readTerm(tokens: string[], context: Context): unknown {
  const token = tokens.shift() ?? "";
  if (token.startsWith("'")) return token.slice(1, -1).replaceAll("''", "'");
  if (tokens.shift() !== "(") throw new Error(`"${token}" is no function`);
  const terms: unknown[] = [];
  while (tokens[0] !== ")") {
    terms.push(readTerm(tokens, context));
    if (tokens[0] === ",") tokens.shift();
  }
  tokens.shift();
  const member = tokens[0]?.startsWith(".") === true ? tokens.shift() : "";
  return call(`${token}${member}`, terms, context);
}

function call(name: string, terms: readonly unknown[], context: Context): unknown {
  const [first, second, third] = terms;
  const texts = terms.map(String);
  switch (name) {
    case "parameters":
      return context.parameters[texts[0] ?? ""];
    case "variables":
      return evaluate(context.variables[texts[0] ?? ""], context);
    case "subscription.subscriptionId":
      return context.subscriptionId;
    case "deployment.location":
      return "westeurope";
    case "concat":
      return texts.join("");
    case "toLower":
      return texts[0]?.toLowerCase();
    case "equals":
      return first === second;
    case "empty":
      return first === "";
    case "if":
      return first === true ? second : third;
    case "contains":
      return (first as unknown[]).includes(second);
    case "guid":
      return guid(texts.join("-"));
    default:
      throw new Error(`function ${name} is not known here`);
  }
}

/** RFC 9562 section 5.5 in ARM's namespace, written without the product's own function. */
function guid(text: string): string {
  const namespace = Buffer.from("11fb06fb712d4ddd98c7e71bbd588830", "hex");
  const bytes = createHash("sha1").update(namespace).update(text).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
