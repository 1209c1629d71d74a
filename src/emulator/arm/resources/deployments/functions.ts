/**
 * The template functions that are evaluated ("ARM template functions"); every other one is refused, because a value that is
 * computed differently than Azure does would be worse than none.
 */
import { createHash } from "node:crypto";
import { isObject } from "../../../json.ts";
import { invalidTemplate } from "./errors.ts";

export type Value = string | number | boolean | null | readonly unknown[] | Readonly<Record<string, unknown>>;

/** Where an expression is evaluated. */
export interface Surroundings {
  readonly parameters: ReadonlyMap<string, unknown>; // key: lower case
  readonly variables: (name: string) => unknown;
  readonly subscription: {
    readonly id: string;
    readonly subscriptionId: string;
    readonly tenantId: string;
    readonly displayName: string;
  };
  /** Absent at subscription scope. */
  readonly resourceGroup?: {
    readonly id: string;
    readonly name: string;
    readonly location: string;
    readonly tags: object;
  };
  readonly deployment: { readonly name: string; readonly location?: string };
}

type TemplateFunction = (args: readonly unknown[], around: Surroundings) => unknown;

/** ARM's own namespace of `guid()`, over the arguments joined by hyphens (Bicep documentation, string functions). */
const GUID_NAMESPACE = "11fb06fb-712d-4ddd-98c7-e71bbd588830";

const FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  parameters: ([name], { parameters }) => {
    const key = text(name).toLowerCase();
    if (!parameters.has(key)) throw invalidTemplate(`the template parameter '${text(name)}' is not found`);
    return parameters.get(key);
  },
  variables: ([name], { variables }) => variables(text(name)),
  concat: (args) => (args.some(Array.isArray) ? args.flat() : args.map(text).join("")),
  format: ([pattern, ...values]) =>
    text(pattern).replace(/\{(\d+)\}/g, (_, index: string) => text(values[Number(index)])),
  guid: (args) => guidOf(args.map(text)),
  subscription: (_, { subscription }) => subscription,
  resourceGroup: (_, { resourceGroup }) => {
    if (resourceGroup === undefined) throw invalidTemplate("'resourceGroup()' is not available at subscription scope");
    return resourceGroup;
  },
  deployment: (_, { deployment }) => deployment,
  subscriptionResourceId: (args, { subscription }) => {
    const [id, rest] = isGuid(args[0]) ? [`/subscriptions/${text(args[0])}`, args.slice(1)] : [subscription.id, args];
    return `${id}/providers/${typed(rest)}`;
  },
  resourceId: resourceIdOf,
  extensionResourceId: ([scope, ...rest]) => `${text(scope)}/providers/${typed(rest)}`,
  contains: ([container, item]) => contains(container, item),
  equals: ([one, other]) => JSON.stringify(one) === JSON.stringify(other),
  not: ([value]) => value !== true,
  and: (args) => args.every((each) => each === true),
  or: (args) => args.some((each) => each === true),
  if: ([condition, yes, no]) => (condition === true ? yes : no),
  empty: ([value]) => value === null || value === "" || length(value) === 0,
  length: ([value]) => length(value),
  toLower: ([value]) => text(value).toLowerCase(),
  toUpper: ([value]) => text(value).toUpperCase(),
  string: ([value]) => (typeof value === "string" ? value : JSON.stringify(value)),
  createArray: (args) => [...args],
  true: () => true,
  false: () => false,
  null: () => null,
};

const BY_NAME = new Map(Object.entries(FUNCTIONS).map(([name, run]) => [name.toLowerCase(), run]));

/** Names compare without case. Throws 400 InvalidTemplate for a function that is not evaluated here. */
export function callFunction(name: string, args: readonly unknown[], around: Surroundings): unknown {
  const run = BY_NAME.get(name.toLowerCase());
  if (run !== undefined) return run(args, around);
  const known = Object.keys(FUNCTIONS).join(", ");
  throw invalidTemplate(`the emulator does not evaluate the template function '${name}'; it evaluates ${known}`);
}

function text(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "number") return String(value);
  if (typeof value === "boolean") return value ? "True" : "False";
  throw invalidTemplate(`a string was expected and not '${JSON.stringify(value)}'`);
}

/** `resourceId([subscription], [group], 'Namespace/type', 'name', ...)`. */
function resourceIdOf(args: readonly unknown[], { subscription, resourceGroup }: Surroundings): string {
  const at = args.findIndex((each) => typeof each === "string" && each.includes("/"));
  const before = args.slice(0, at);
  const subscriptionId = before.length === 2 ? text(before[0]) : subscription.subscriptionId;
  const group = before.length === 0 ? resourceGroup?.name : text(before.at(-1));
  if (at < 0 || before.length > 2) throw invalidTemplate("'resourceId' has no resource type");
  const parent = `/subscriptions/${subscriptionId}${group === undefined ? "" : `/resourceGroups/${group}`}`;
  return `${parent}/providers/${typed(args.slice(at))}`;
}

/** `Namespace/type/child` and as many names: `Namespace/type/name/child/name`. */
export function typed(args: readonly unknown[]): string {
  const [type, ...names] = args.map(text);
  const [namespace = "", ...types] = (type ?? "").split("/");
  if (types.length === 0 || types.length !== names.length) {
    throw invalidTemplate(`the resource type '${type}' and its names '${names.join(", ")}' have different lengths`);
  }
  return [namespace, ...types.flatMap((each, index) => [each, names[index] ?? ""])].join("/");
}

function contains(container: unknown, item: unknown): boolean {
  if (Array.isArray(container)) return container.some((each) => JSON.stringify(each) === JSON.stringify(item));
  if (typeof container === "string") return container.includes(text(item));
  if (!isObject(container)) throw invalidTemplate("'contains' expects an array, an object or a string");
  return Object.keys(container).some((key) => key.toLowerCase() === text(item).toLowerCase());
}

function length(value: unknown): number {
  if (Array.isArray(value) || typeof value === "string") return value.length;
  if (isObject(value)) return Object.keys(value).length;
  throw invalidTemplate("'length' expects an array, an object or a string");
}

function isGuid(value: unknown): boolean {
  return typeof value === "string" && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value);
}

/** A UUID of version 5 (RFC 9562 5.5). */
export function guidOf(parts: readonly string[]): string {
  const namespace = Buffer.from(GUID_NAMESPACE.replaceAll("-", ""), "hex");
  const bytes = createHash("sha1").update(namespace).update(parts.join("-"), "utf8").digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
