/** What a route of the ARM service is, and how a path finds its route. The routes themselves are in `routes.ts`. */
import type { ConditionAttributes } from "../../authorization/authorization.ts";
import type { AccessToken } from "../../entra/tokens.ts";
import type { Call, Reply } from "../../http/call.ts";
import type { Services } from "../../services.ts";
import type { JsonObject } from "./json.ts";

/** One call that has been authenticated and has found its route. */
export interface ArmRequest {
  readonly call: Call;
  readonly services: Services;
  /** Who asks. */
  readonly caller: AccessToken;
  readonly apiVersion: string;
  /** The decoded path, with one slash between segments and none at the end. */
  readonly path: string;
  /** The variable parts of the path by their names in the pattern, decoded, in the case they came in. */
  readonly params: Readonly<Record<string, string>>;
  /** Empty when nothing was sent. */
  readonly body: JsonObject;
}

/** What a route may answer. */
export type Method = "GET" | "HEAD" | "PUT" | "PATCH" | "POST" | "DELETE";

/** One operation of ARM or of a resource provider. */
export interface Route {
  readonly method: Method;
  /** As in the REST reference: `{name}` is one segment, a leading `{scope}` any number of them. */
  readonly path: string;
  /** Resource type: decides which api-versions are known (`api-versions.ts`). */
  readonly type: string;
  /** Control-plane action that the caller needs; absent when every signed-in caller may ask. */
  readonly action?: string;
  /** What a condition on the caller's own role assignment may look at. */
  readonly attributes?: (request: ArmRequest) => ConditionAttributes;
  /** For the call log. */
  readonly operation: string;
  readonly run: (request: ArmRequest) => Reply | Promise<Reply>;
}

/** Method, path, last part of the action, name for the call log, and what it does. */
export type RouteRow = readonly [Method, string, string, string, Route["run"]];

/** Routes of one resource type whose actions are named after the type, as nearly all are. */
export function routesOf(type: string, rows: readonly RouteRow[]): Route[] {
  return rows.map(([method, path, verb, operation, run]) => ({
    ...{ method, path, type, operation, run },
    action: `${type}/${verb}`,
  }));
}

/** A route, and the variable parts of the path that found it. */
export interface Match {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

/** Finds routes by method and path. */
export interface RouteTable {
  find(method: string, path: string): Match | undefined;
  /** Whether any method is served at the path: decides between 404 and 405. */
  knows(path: string): boolean;
}

/** Compiles patterns once. Earlier routes win. */
export function createRouteTable(routes: readonly Route[]): RouteTable {
  const compiled = routes.map((route) => ({ route, pattern: compile(route.path) }));
  return {
    find(method, path) {
      for (const { route, pattern } of compiled) {
        if (route.method !== method) continue;
        const match = pattern.exec(path);
        if (match !== null) return { route, params: decodeParams(match.groups ?? {}) };
      }
      return undefined;
    },
    knows: (path) => compiled.some(({ pattern }) => pattern.test(path)),
  };
}

/** Fixed segments compare without case; `{scope}` at the start takes all it can, so that the last provider counts. */
function compile(path: string): RegExp {
  const source = path
    .replace(/[.+?^$()|[\]\\]/g, "\\$&")
    .replace(/^\{scope\}/, "(?<scope>.*)")
    .replace(/\{(\w+)\}/g, "(?<$1>[^/]+)");
  return new RegExp(`^${source}$`, "i");
}

function decodeParams(groups: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(groups).map(([name, value]) => [name, decodeSegment(value)]));
}

/** Percent-decoding that leaves a malformed segment as it is: it will then not be found. */
export function decodeSegment(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** One slash between segments, none at the end: SDKs send `//subscriptions/...` when a scope begins with a slash. */
export function tidyPath(path: string): string {
  const tidy = path.replace(/\/{2,}/g, "/").replace(/\/$/, "");
  return tidy === "" ? "/" : tidy;
}

/** A query parameter by its name without case: `$skipToken` and `$skiptoken` are the same to ARM. */
export function queryValue(call: Call, name: string): string | undefined {
  for (const [key, value] of call.query) {
    if (key.toLowerCase() === name.toLowerCase()) return value;
  }
  return undefined;
}
