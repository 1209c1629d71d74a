/**
 * Azure Policy, as far as it refuses calls: deny policies that a test or an operator has added to `world.policies`.
 * They evaluate the resource as it would be after the write.
 */
import { isObject, type JsonObject } from "../../json.ts";
import type { DenyPolicy } from "../../policy/deny-policy.ts";
import { applies, match } from "../../policy/match.ts";
import { type ArmRequest, findType, type Provider, type Route } from "../provider.ts";
import { ArmError } from "./errors.ts";
import { lastSegment } from "./resource-ids.ts";

/** Throws 403 RequestDisallowedByPolicy when a deny policy matches what a PUT or PATCH would result in. */
export function refuseWhenDisallowed(request: ArmRequest, route: Route): void {
  if (route.method !== "PUT" && route.method !== "PATCH") return;
  const { path: id, apiVersion, providers, services } = request;
  const { type } = route;
  for (const policy of services.world.policies.values()) {
    if (!denies(policy) || !applies(policy, id)) continue;
    const resource = resourceAfter(request, route);
    const expressions = match(policy, { id, type, resource, apiVersion, isIndexed: isIndexed(providers, type) });
    if (expressions !== undefined) throw disallowed(request, policy, expressions);
  }
}

/** Whether it refuses what it matches. */
export function denies({ effect = "Deny", isEnforced = true }: DenyPolicy): boolean {
  return effect === "Deny" && isEnforced;
}

/** Resource groups have tags and a location too, and policies of mode Indexed leave them out. */
export function isIndexed(providers: readonly Provider[], type: string): boolean {
  return findType(providers, type)?.kind === "tracked" && !/\/resourceGroups$/i.test(type);
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
