/**
 * Scripted faults: rules with which tests make some calls fail, stall, or take effect without an
 * answer. The difference between `before` and `after` is what crash tests rely on: `before`, the service never saw
 * the call; `after`, it took effect and only the answer is lost.
 */
import type { Call } from "../http/call.ts";
import { type KnownOperations, requireKnown } from "./known-operations.ts";

export type FaultMoment = "before" | "after";

/** Which calls a rule is for. Everything that is set must match; strings compare without case. */
export interface FaultMatch {
  /** `arm`, `entra`, `graph`, `blob`, `dfs`, `imds` or `issuer`. */
  readonly service?: string;
  readonly method?: string;
  /** Regular expression on path and query, without case. */
  readonly path?: string;
  /** As in the call log, such as `storageAccounts/create`. A trailing `*` matches any rest. */
  readonly operation?: string;
}

/** Answers with this status. Without `body`, in the error form of the service, from `code` and `message`. */
export interface StatusAction {
  readonly status: number;
  readonly code?: string;
  readonly message?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as it is: for malformed answers. */
  readonly body?: string;
  /** Pads the body to this many bytes. */
  readonly bodyBytes?: number;
  /** Default `before`. */
  readonly when?: FaultMoment;
}

export type FaultAction =
  | StatusAction
  /** Closes the connection without an answer. */
  | { readonly reset: FaultMoment }
  /** Sends only the first bytes of the answer's body, then closes the connection. The call took effect. */
  | { readonly truncate: number }
  /**
   * Stalls for that many milliseconds, then continues; `forever`: until the client disconnects or the faults are
   * cleared.
   */
  | { readonly hang: number | "forever"; readonly when?: FaultMoment }
  /** Waits that many milliseconds, then handles the call as usual. */
  | { readonly delay: number };

export interface FaultRule {
  readonly match: FaultMatch;
  /** How many matching calls pass first. Default 0. */
  readonly skip?: number;
  /** How many calls are hit. Default 1; -1 for all. */
  readonly times?: number;
  readonly action: FaultAction;
}

export interface Faults {
  add(...rules: FaultRule[]): void;
  clear(): void;
  /** The rules that can still hit, with how often each has. */
  list(): { rule: FaultRule; seen: number; hits: number }[];
  /** The action for this call, of the first rule that hits; every matching rule before it counts the call as seen. */
  take(call: Call, service: string, operation: string | undefined): FaultAction | undefined;
  /** Resolves when the faults are cleared: calls that hang forever end then. */
  cleared(): Promise<void>;
}

interface ActiveRule {
  readonly rule: FaultRule;
  readonly path: RegExp | undefined;
  seen: number;
  hits: number;
}

/**
 * `operations` names those of each service: a rule for one that does not exist, which could never hit, is refused with an
 * Error that lists those that do.
 */
export function createFaults(operations: () => KnownOperations): Faults {
  let active: ActiveRule[] = [];
  let clearing = Promise.withResolvers<void>();
  return {
    add(...rules) {
      for (const rule of rules) requireKnown(rule, operations());
      for (const rule of rules) {
        const path = rule.match.path === undefined ? undefined : new RegExp(rule.match.path, "i");
        active.push({ rule, path, seen: 0, hits: 0 });
      }
    },
    clear() {
      active = [];
      clearing.resolve();
      clearing = Promise.withResolvers();
    },
    list: () => active.filter((each) => !isSpent(each)).map(({ rule, seen, hits }) => ({ rule, seen, hits })),
    take(call, service, operation) {
      for (const each of active) {
        if (isSpent(each) || !isMatch(each, call, service, operation)) continue;
        each.seen += 1;
        if (each.seen <= (each.rule.skip ?? 0)) continue;
        each.hits += 1;
        return each.rule.action;
      }
      return undefined;
    },
    cleared: () => clearing.promise,
  };
}

function isSpent({ rule, hits }: ActiveRule): boolean {
  const times = rule.times ?? 1;
  return times >= 0 && hits >= times;
}

function isMatch({ rule, path }: ActiveRule, call: Call, service: string, operation: string | undefined): boolean {
  const { match } = rule;
  // The emulator calls its own issuer when a token is exchanged: a rule for all calls means calls of clients.
  if (service === "issuer" && match.service === undefined) return false;
  const query = call.query.toString();
  return (
    isSame(match.service, service) &&
    isSame(match.method, call.method) &&
    isOperation(match.operation, operation ?? call.method) &&
    (path === undefined || path.test(query === "" ? call.path : `${call.path}?${query}`))
  );
}

function isSame(wanted: string | undefined, actual: string): boolean {
  return wanted === undefined || wanted.toLowerCase() === actual.toLowerCase();
}

function isOperation(wanted: string | undefined, actual: string): boolean {
  if (wanted?.endsWith("*")) return actual.toLowerCase().startsWith(wanted.slice(0, -1).toLowerCase());
  return isSame(wanted, actual);
}
