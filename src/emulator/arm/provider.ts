/**
 * The contract between the front door and the resource providers. A provider is a folder beside `storage/` that exports
 * a `Provider`, and a line in `providers.ts`; authentication, api-versions, locks, policies, paging and errors come
 * with it.
 */
import type { ConditionAttributes } from "../authorization/conditions/attributes.ts";
import type { AccessToken } from "../entra/tokens.ts";
import type { Call, Reply } from "../http/call.ts";
import type { JsonObject } from "../json.ts";
import type { Services } from "../services.ts";
import type { RequestLimits } from "../settings.ts";
import type { World } from "../world.ts";
import type { BodyName } from "./bodies/model.ts";
import type { AsyncOperations } from "./front-door/async-operations.ts";
import type { RateCounters } from "./front-door/rate-counters.ts";
import type { TagLimits } from "./front-door/tags.ts";

/** One call that has been authenticated and matched to a route. */
export interface ArmRequest {
  readonly call: Call;
  readonly services: Services;
  /** All providers: for calls that are about all of them. */
  readonly providers: readonly Provider[];
  readonly operations: AsyncOperations;
  readonly caller: AccessToken;
  readonly inner: InnerCalls;
  readonly apiVersion: string;
  /** The decoded path, with one slash between segments and none at the end. */
  readonly path: string;
  /** The variable segments of the path by their names in the pattern, decoded, in the case in which they were sent. */
  readonly params: Readonly<Record<string, string>>;
  /** What the route's provider accepts of what was sent; empty when nothing was sent. */
  readonly body: JsonObject;
}

/** Calls that ARM makes for a caller: the resources of a template. All checks are those of a call from outside. */
export interface InnerCalls {
  /** Refusals are replies. */
  send(call: InnerCall): Promise<Reply>;
  /** Throws the ArmError that refuses the call before its provider sees it. */
  admit(call: InnerCall): void;
}

export interface InnerCall {
  readonly method: Method;
  readonly path: string;
  readonly apiVersion: string;
  readonly body?: JsonObject;
}

export type Method = "GET" | "HEAD" | "PUT" | "PATCH" | "POST" | "DELETE";

/** One operation of a resource provider. */
export interface Route<Type extends string = string> {
  readonly method: Method;
  /** As in the REST reference: `{name}` is one segment, a leading `{scope}` any number of them. */
  readonly path: string;
  /** Resource type with its namespace; its provider must declare it. */
  readonly type: Type;
  /** Control-plane action that the caller needs; absent when every authenticated caller may ask. */
  readonly action?: string;
  /** What a condition on the caller's own role assignment may look at. */
  readonly attributes?: (request: ArmRequest) => ConditionAttributes;
  /** What the body is read as; absent: the route takes none, or reads it by itself. */
  readonly body?: BodyName;
  /** For the call log. */
  readonly operation: string;
  readonly run: (request: ArmRequest) => Reply | Promise<Reply>;
}

/** Method, path, last segment of the action, name for the call log, handler, and what the body is read as. */
type RouteRow = readonly [Method, string, string, string, Route["run"], BodyName?];

/** Routes of one resource type whose actions are named after the type, as nearly all are. */
export function routesOf<Type extends string>(type: Type, rows: readonly RouteRow[]): Route<Type>[] {
  return rows.map(([method, path, verb, operation, run, body]) => {
    const route = { method, path, type, operation, run, action: `${type}/${verb}` };
    return body === undefined ? route : { ...route, body };
  });
}

/** What ARM knows of a resource in a resource group ("tracked resource" in the resource provider contract). */
export interface TrackedResource {
  /** As it was first written; compares without case. */
  readonly id: string;
  readonly name: string;
  readonly location: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** How the front door reaches the resources of a tracked type. */
interface TrackedResources<Resource extends TrackedResource> {
  readonly apiVersions: readonly string[];
  /** Every resource of the type, in all subscriptions: for Resources - List. */
  all(world: World): Iterable<Resource>;
  /** By ARM id in lower case: for scopes of role assignments, and for policies. */
  find(world: World, id: string): Resource | undefined;
  /** How many tags a resource may have. */
  readonly tagLimits: TagLimits;
  /** Removes the resource with everything nested in it, without asking: its resource group is being deleted. */
  remove(services: Services, resource: Resource): void;
  /** What a policy sees before a write is merged into it; absent: a policy sees only what was sent. */
  policyView?(resource: Resource): JsonObject;
}

/**
 * A type by where its resources are: in a resource group, nested in a tracked resource, or at any scope (an extension
 * resource); `scope` is a subscription or resource group itself, and a `query` has no resources of its own.
 */
export type ResourceType =
  | ({ readonly kind: "tracked" } & TrackedResources<TrackedResource>)
  | { readonly kind: "nested" | "extension" | "scope" | "query"; readonly apiVersions: readonly string[] };

/** A tracked type over the provider's own kind of record. */
export function tracked<Resource extends TrackedResource>(resources: TrackedResources<Resource>): ResourceType {
  const { policyView, tagLimits } = resources;
  return {
    kind: "tracked",
    apiVersions: resources.apiVersions,
    tagLimits,
    all: resources.all,
    find: resources.find,
    // The front door passes only what `all` and `find` of the same type have returned.
    remove: (services, resource) => resources.remove(services, resource as Resource),
    ...(policyView === undefined ? {} : { policyView: (resource) => policyView(resource as Resource) }),
  };
}

/** A call as request limits see it. */
export interface CountedCall {
  readonly kind: "read" | "write" | "delete";
  readonly isList: boolean;
  /** Lower case; undefined for calls outside any subscription. */
  readonly subscription: string | undefined;
  /** Namespace of the last resource in the path, lower case. */
  readonly namespace: string;
  readonly principal: string;
  /** Lower case. */
  readonly path: string;
}

/** What a provider checks its request limits with. */
export interface Throttling {
  readonly limits: RequestLimits;
  readonly counters: RateCounters;
  readonly world: World;
}

export interface Provider {
  /** Such as "Microsoft.Storage". */
  readonly namespace: string;
  /** By name below the namespace, such as "storageAccounts/blobServices", spelled as Azure spells it. */
  readonly types: Readonly<Record<string, ResourceType>>;
  /** Among the routes of all providers, earlier ones win. */
  readonly routes: readonly Route[];
  /** 429 by the provider's own request limits, which are checked after ARM's; absent: it has none here. */
  throttle?(call: CountedCall, throttling: Throttling): Reply | undefined;
}

/** A provider whose routes are all of types that it declares: others do not compile. */
export function defineProvider<Namespace extends string, Name extends string>(
  provider: Provider & {
    readonly namespace: Namespace;
    readonly types: Readonly<Record<Name, ResourceType>>;
    readonly routes: readonly Route<`${Namespace}/${NoInfer<Name>}`>[];
  },
): Provider {
  return provider;
}

/** A declared type with its full name and the provider that it belongs to. */
interface DeclaredType {
  /** Such as "Microsoft.Storage/storageAccounts". */
  readonly name: string;
  readonly declaration: ResourceType;
}

/** The declared types of all providers. */
export function declaredTypes(providers: readonly Provider[]): DeclaredType[] {
  return providers.flatMap(({ namespace, types }) =>
    Object.entries(types).map(([name, declaration]) => ({ name: `${namespace}/${name}`, declaration })),
  );
}

/** A provider by its namespace, without case. */
export function findProvider(providers: readonly Provider[], namespace: string): Provider | undefined {
  return providers.find((each) => each.namespace.toLowerCase() === namespace.toLowerCase());
}

/** The declaration of a type by its full name, without case. */
export function findType(providers: readonly Provider[], name: string): ResourceType | undefined {
  return declaredTypes(providers).find((each) => each.name.toLowerCase() === name.toLowerCase())?.declaration;
}
