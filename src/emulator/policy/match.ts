/** Whether a policy is about a write, and what it finds wrong with what would be written. */
import { coversScope } from "../authorization/scopes.ts";
import { isObject, type JsonObject } from "../json.ts";
import type { DenyPolicy } from "./deny-policy.ts";
import { toExpression } from "./expressions.ts";
import { evaluate } from "./rule.ts";

/** A resource as it would be after a write. */
export interface PolicyTarget {
  /** ARM id. */
  readonly id: string;
  /** Such as "Microsoft.Storage/storageAccounts". */
  readonly type: string;
  readonly resource: JsonObject;
  readonly apiVersion: string;
  /** Whether the type has tags and a location: policies of mode Indexed look at no other. */
  readonly isIndexed: boolean;
}

/** A member that does not have the value that a policy of the admin endpoint requires. */
interface Violation {
  readonly path: string;
  readonly expected: unknown;
  readonly found: unknown;
}

const MANAGEMENT_GROUPS = "/providers/Microsoft.Management/managementGroups/";

/** Whether it is assigned at a management group. There is no tree of them here: each is above every subscription. */
export function isInherited({ scope }: DenyPolicy): boolean {
  return coversScope(MANAGEMENT_GROUPS, scope);
}

/** Whether the assignment covers a scope, and does not leave it out (`notScopes`). */
export function applies(policy: DenyPolicy, scope: string): boolean {
  const { notScopes = [] } = policy;
  if (notScopes.some((each) => coversScope(each, scope))) return false;
  return coversScope(policy.scope, scope) || (isInherited(policy) && /^\/subscriptions\//i.test(scope));
}

/** The conditions that were looked at, where the policy matches the resource; undefined where it does not. Whatever its effect. */
export function match(policy: DenyPolicy, target: PolicyTarget): readonly object[] | undefined {
  const { built } = policy;
  if (built !== undefined) {
    if (built.mode === "Indexed" && !target.isIndexed) return undefined;
    const { matches, evaluated } = evaluate(built.rule, { ...target, parameters: built.parameters });
    return matches ? evaluated.map(toExpression) : undefined;
  }
  if (policy.resourceType.toLowerCase() !== target.type.toLowerCase()) return undefined;
  const violations = findViolations(policy, target.resource);
  const isMatch = violations.length > 0 || Object.keys(policy.requires).length === 0;
  return isMatch ? violations.map(toOwnExpression(policy)) : undefined;
}

function findViolations(policy: DenyPolicy, resource: JsonObject): Violation[] {
  return Object.entries(policy.requires)
    .map(([path, expected]) => ({ path, expected, found: memberAt(resource, path) }))
    .filter(({ expected, found }) => JSON.stringify(found) !== JSON.stringify(expected));
}

function memberAt(resource: JsonObject, path: string): unknown {
  let value: unknown = resource;
  for (const name of path.split(".")) value = isObject(value) ? value[name] : undefined;
  return value;
}

function toOwnExpression({ resourceType }: DenyPolicy): (violation: Violation) => object {
  return ({ path, expected, found }) => ({
    result: "True",
    expressionKind: "Field",
    expression: `${resourceType}/${path.replace(/^properties\./, "")}`,
    path,
    expressionValue: found ?? null,
    targetValue: expected,
    operator: "NotEquals",
  });
}
