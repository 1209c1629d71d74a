/**
 * Reads a template: its parameters are bound, its expressions evaluated, its resources put into the order of `dependsOn`. What
 * is not understood is refused (400 InvalidTemplate) and never left out.
 */
import { isObject, type JsonObject } from "../../../json.ts";
import { objectAt, stringAt, stringsAt } from "../../front-door/json.ts";
import { resourceGroupId } from "../../front-door/resource-ids.ts";
import { invalidTemplate } from "./errors.ts";
import { escaped, evaluate, evaluateObject } from "./evaluate.ts";
import { type Surroundings, typed } from "./functions.ts";
import { bindParameters } from "./parameters.ts";

/** One resource of a template, ready for its PUT. */
export interface PlannedResource {
  readonly id: string;
  readonly type: string;
  readonly name: string;
  readonly apiVersion: string;
  readonly body: JsonObject;
}

/** Where a deployment puts resources, and what its expressions see. */
export interface DeploymentScope {
  /** Id of the subscription or resource group. */
  readonly id: string;
  readonly surroundings: Omit<Surroundings, "parameters" | "variables">;
}

const TEMPLATE_KEYS = ["$schema", "contentVersion", "metadata", "parameters", "variables", "resources", "outputs"];
/** Members of a resource that are ARM's and not sent to its provider. */
const OWN_KEYS = [
  "type",
  "apiVersion",
  "name",
  "condition",
  "dependsOn",
  "scope",
  "comments",
  "metadata",
  "subscriptionId",
  "resourceGroup",
];
const NOT_EMULATED = ["copy", "resources", "existing", "import"];
const DEPLOYMENTS = "microsoft.resources/deployments";

export interface ReadTemplate {
  readonly resources: readonly PlannedResource[];
  readonly outputs: JsonObject;
}

/** `properties` of a deployment: a template with its parameters. */
export function readTemplate(properties: JsonObject, scope: DeploymentScope): ReadTemplate {
  const template = objectAt(properties, "template");
  refuseForms(properties, template);
  const around = surroundingsOf(properties, template, scope);
  const entries = template["resources"] as readonly JsonObject[];
  const read = entries.map((entry) => readResource(entry, scope, around));
  const outputs = Object.entries(objectAt(template, "outputs")).map(([name, output]) => [
    name,
    isObject(output) ? { type: output["type"], value: evaluate(output["value"], around) } : output,
  ]);
  return { resources: inOrder(read), outputs: Object.fromEntries(outputs) };
}

function refuseForms(properties: JsonObject, template: JsonObject): void {
  for (const name of ["templateLink", "parametersLink"]) {
    if (properties[name] !== undefined) throw invalidTemplate(`the emulator fetches no '${name}'`);
  }
  const mode = stringAt(properties, "mode");
  if (mode?.toLowerCase() !== "incremental")
    throw invalidTemplate(`the emulator deploys in mode 'Incremental' only and not '${mode}'`);
  for (const name of ["$schema", "contentVersion"]) {
    if (typeof template[name] !== "string") throw invalidTemplate(`the template has no '${name}'`);
  }
  const unknown = Object.keys(template).find((name) => !TEMPLATE_KEYS.includes(name));
  if (unknown !== undefined) throw invalidTemplate(`the emulator does not read '${unknown}' of a template`);
  const resources = template["resources"];
  if (!Array.isArray(resources) || !resources.every(isObject))
    throw invalidTemplate("'resources' is not an array of objects");
}

function surroundingsOf(properties: JsonObject, template: JsonObject, scope: DeploymentScope): Surroundings {
  const variables = objectAt(template, "variables");
  const none = new Map<string, unknown>();
  const open = new Set<string>();
  const readVariable = (name: string): unknown => {
    const key = Object.keys(variables).find((each) => each.toLowerCase() === name.toLowerCase());
    if (key === undefined) throw invalidTemplate(`the template variable '${name}' is not found`);
    if (open.has(key)) throw invalidTemplate(`a circular dependency was detected on the variable '${key}'`);
    open.add(key);
    const value = evaluate(variables[key], around);
    open.delete(key);
    return value;
  };
  const base = { ...scope.surroundings, variables: readVariable };
  const defaults = { ...base, parameters: none };
  const parameters = bindParameters(objectAt(template, "parameters"), objectAt(properties, "parameters"), defaults);
  const around: Surroundings = { ...base, parameters };
  return around;
}

interface ReadResource extends PlannedResource {
  readonly isWanted: boolean;
  readonly dependsOn: readonly string[];
}

function readResource(entry: JsonObject, scope: DeploymentScope, around: Surroundings): ReadResource {
  const refused = NOT_EMULATED.find((name) => entry[name] !== undefined);
  if (refused !== undefined) throw invalidTemplate(`the emulator does not read '${refused}' of a resource`);
  const isNested = String(entry["type"]).toLowerCase() === DEPLOYMENTS;
  const evaluated = isNested ? evaluateNested(entry, around) : evaluateObject(entry, around);
  const [type, name, apiVersion] = ["type", "name", "apiVersion"].map((key) => {
    const value = stringAt(evaluated, key);
    if (value === undefined || value === "") throw invalidTemplate(`a resource has no '${key}'`);
    return value;
  }) as [string, string, string];
  const condition = evaluated["condition"] ?? true;
  if (typeof condition !== "boolean") throw invalidTemplate(`the condition of the resource '${name}' is no boolean`);
  const body = Object.fromEntries(Object.entries(evaluated).filter(([key]) => !OWN_KEYS.includes(key)));
  const id = `${scopeOf(evaluated, scope)}${pathOf(type, name)}`;
  return { id, type, name, apiVersion, body, isWanted: condition, dependsOn: stringsAt(evaluated, "dependsOn") ?? [] };
}

/**
 * A nested template is evaluated with its parent's parameters, unless it says `inner` ("Expression evaluation scope in nested
 * templates"): then its own deployment evaluates it.
 */
function evaluateNested(entry: JsonObject, around: Surroundings): JsonObject {
  const properties = objectAt(entry, "properties");
  const isInner = objectAt(properties, "expressionEvaluationOptions")["scope"] === "inner";
  const { template, expressionEvaluationOptions: _, ...others } = properties;
  const kept = isInner ? template : escaped(evaluate(template, around));
  const outer = evaluateObject({ ...entry, properties: others }, around);
  return { ...outer, properties: { ...objectAt(outer, "properties"), template: kept } };
}

/** The deployment's scope, or what the resource itself names. */
function scopeOf(resource: JsonObject, scope: DeploymentScope): string {
  const named = stringAt(resource, "scope");
  if (named === "/") return "";
  if (named?.startsWith("/")) return named;
  const own = { subscriptionId: stringAt(resource, "subscriptionId"), group: stringAt(resource, "resourceGroup") };
  const { subscriptionId = scope.surroundings.subscription.subscriptionId, group } = own;
  const isElsewhere = own.subscriptionId !== undefined || group !== undefined;
  const elsewhere = group === undefined ? `/subscriptions/${subscriptionId}` : resourceGroupId(subscriptionId, group);
  const base = isElsewhere ? elsewhere : scope.id;
  if (named === undefined) return base;
  const [namespace = "", type = "", ...rest] = named.split("/");
  return `${base}/providers/${typed([`${namespace}/${type}`, rest.join("/")])}`;
}

function pathOf(type: string, name: string): string {
  if (type.toLowerCase() === "microsoft.resources/resourcegroups") return `/resourceGroups/${name}`;
  return `/providers/${typed([type, ...name.split("/")])}`;
}

/** Depth first by `dependsOn`, which names resources of the template by id or by name. */
function inOrder(resources: readonly ReadResource[]): PlannedResource[] {
  const done = new Set<ReadResource>();
  const open = new Set<ReadResource>();
  const ordered: PlannedResource[] = [];
  const visit = (resource: ReadResource): void => {
    if (done.has(resource)) return;
    if (open.has(resource))
      throw invalidTemplate(`a circular dependency was detected on the resource '${resource.id}'`);
    open.add(resource);
    for (const wanted of resource.dependsOn) visit(findNamed(resources, wanted));
    done.add(resource);
    const { isWanted, dependsOn: _, ...planned } = resource;
    if (isWanted) ordered.push(planned);
  };
  for (const resource of resources) visit(resource);
  refuseTwice(resources);
  return ordered;
}

/** Also one that is not wanted counts: a condition is looked at later (azure-citadel's "conditions" lab shows the answer). */
function refuseTwice(resources: readonly ReadResource[]): void {
  const ids = resources.map(({ id }) => id.toLowerCase());
  const twice = resources.find((_, index) => ids.indexOf(ids[index] ?? "") !== index);
  if (twice === undefined) return;
  throw invalidTemplate(`The resource '${twice.type}/${twice.name}' is defined multiple times in a template`);
}

function findNamed(resources: readonly ReadResource[], wanted: string): ReadResource {
  const key = wanted.toLowerCase();
  const found = resources.find(({ id, name, type }) =>
    [id, name, `${type}/${name}`].some((each) => each.toLowerCase() === key),
  );
  if (found === undefined) throw invalidTemplate(`the resource '${wanted}' is not defined in the template`);
  return found;
}
