/**
 * Azure Policy, as far as it refuses calls: deny policies that a test or an operator has added to `world.policies`.
 * They evaluate the resource as it would be after the write.
 */
import { coversScope } from "../../authorization/scopes.ts";
import { isObject, type JsonObject } from "../../json.ts";
import { toExpression } from "../../policy/expressions.ts";
import { evaluate } from "../../policy/rule.ts";
import type { DenyPolicy } from "../../world.ts";
import { type ArmRequest, findType, type Route } from "../provider.ts";
import { ArmError } from "./errors.ts";
import { lastSegment } from "./resource-ids.ts";

/** A requirement that is not met. */
interface Violation {
  readonly path: string;
  readonly expected: unknown;
  readonly found: unknown;
}

/** Throws 403 RequestDisallowedByPolicy when a deny policy matches what a PUT or PATCH would result in. */
export function refuseWhenDisallowed(request: ArmRequest, route: Route): void {
  if (route.method !== "PUT" && route.method !== "PATCH") return;
  for (const policy of request.services.world.policies.values()) {
    if ((policy.effect ?? "Deny") !== "Deny") continue;
    if (!coversScope(policy.scope, request.path)) continue;
    if (policy.built !== undefined) {
      refuseWhenRuleMatches(request, route, policy, policy.built);
      continue;
    }
    if (policy.resourceType.toLowerCase() !== route.type.toLowerCase()) continue;
    const violations = findViolations(policy, resourceAfter(request, route));
    if (violations.length > 0 || Object.keys(policy.requires).length === 0)
      throw disallowed(request, policy, violations.map(toOwnExpression(policy)));
  }
}

function refuseWhenRuleMatches(
  request: ArmRequest,
  route: Route,
  policy: DenyPolicy,
  { mode, rule, parameters }: NonNullable<DenyPolicy["built"]>,
): void {
  const { path: id, apiVersion, providers } = request;
  // Resource groups have tags and a location too, and policies of this mode leave them out.
  const isIndexed = findType(providers, route.type)?.kind === "tracked" && !/\/resourceGroups$/i.test(route.type);
  if (mode === "Indexed" && !isIndexed) return;
  const resource = resourceAfter(request, route);
  const { matches, evaluated } = evaluate(rule, { id, type: route.type, resource, apiVersion, parameters });
  if (matches) throw disallowed(request, policy, evaluated.map(toExpression));
}

/** What was sent, merged into the existing resource if the provider has a `policyView`. */
function resourceAfter({ providers, services, path, body }: ArmRequest, route: Route): JsonObject {
  const type = findType(providers, route.type);
  if (type?.kind !== "tracked" || type.policyView === undefined) return body;
  const before = type.find(services.world, path.toLowerCase());
  return before === undefined ? body : mergeDeep(type.policyView(before), body);
}

function mergeDeep(before: JsonObject, after: JsonObject): JsonObject {
  const merged: JsonObject = { ...before };
  for (const [name, value] of Object.entries(after)) {
    const old = merged[name];
    merged[name] = isObject(value) && isObject(old) ? mergeDeep(old, value) : value;
  }
  return merged;
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

/** The error of Azure Policy ("error-policy-requestdisallowedbypolicy"), with the details in additionalInfo. */
function disallowed(request: ArmRequest, policy: DenyPolicy, expressions: readonly object[]): ArmError {
  const target = lastSegment(request.path);
  const identifiers = JSON.stringify([
    {
      policyAssignment: { name: policy.displayName, id: policy.id },
      policyDefinition: { name: policy.definitionName, id: policy.definitionId },
    },
  ]);
  // Where the assignment has a message of its own, that takes the place of the identifiers ("Remediation messages").
  const why =
    policy.message === undefined
      ? `Policy identifiers: '${identifiers}'.`
      : `Reasons: '${policy.message}'. See error details for policy resource IDs.`;
  const message = `Resource '${target}' was disallowed by policy. ${why}`;
  const info = policyInfo(policy, expressions);
  return new ArmError(403, "RequestDisallowedByPolicy", message, {
    target,
    additionalInfo: [{ type: "PolicyViolation", info }],
  });
}

function policyInfo(policy: DenyPolicy, evaluatedExpressions: readonly object[]): object {
  return {
    policyDefinitionDisplayName: policy.definitionName,
    policyDefinitionId: policy.definitionId,
    policyDefinitionName: lastSegment(policy.definitionId),
    policyDefinitionEffect: "deny",
    policyAssignmentId: policy.id,
    policyAssignmentName: lastSegment(policy.id),
    policyAssignmentDisplayName: policy.displayName,
    policyAssignmentScope: policy.scope,
    policyAssignmentParameters: policy.built?.parameters ?? {},
    evaluationDetails: { evaluatedExpressions },
  };
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
