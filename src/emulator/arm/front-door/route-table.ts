/** Finds the route of a call by its method and path. */
import type { Call } from "../../http/call.ts";
import type { Route } from "../provider.ts";

/** A route, and the variable segments of the path that matched it. */
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

/**
 * Fixed segments compare without case; `{scope}` at the start is greedy, so that the last provider in a path counts.
 */
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

/** Percent-decoding that leaves a malformed segment as it is, so that nothing is found by it. */
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
