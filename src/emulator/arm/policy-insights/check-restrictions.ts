/**
 * REST: Policy Restrictions - Check At Resource Group Scope, Check At Subscription Scope. It writes nothing. It does not see
 * policies that are assigned at a management group: Azure/azure-dev found its answer empty for one that denied the deployment, with
 * api-versions 2022-03-01 and 2024-10-01 alike (cli/azd/docs/design, storage account policy check).
 */
import type { Reply } from "../../http/call.ts";
import { isObject, type JsonObject } from "../../json.ts";
import type { DenyPolicy } from "../../policy/deny-policy.ts";
import { applies, isInherited, match, type PolicyTarget } from "../../policy/match.ts";
import { badRequest } from "../front-door/errors.ts";
import { objectAt, stringAt } from "../front-door/json.ts";
import { denies, isIndexed } from "../front-door/policies.ts";
import { type ArmRequest, findType, type Route } from "../provider.ts";
import { restrictionsOf } from "./field-restrictions.ts";
import { effectOf, policyReference } from "./policy-reference.ts";

const TYPE = "Microsoft.PolicyInsights/checkPolicyRestrictions";
/** The operations of the provider have no other: azure-docs, role-based-access-control/resource-provider-operations. */
const ACTION = `${TYPE}/read`;
const GROUP = "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroup}";

export const restrictionRoutes: readonly Route<typeof TYPE>[] = [
  {
    method: "POST",
    path: `${GROUP}/providers/${TYPE}`,
    type: TYPE,
    action: ACTION,
    body: "policyRestrictions",
    operation: "policyRestrictions/checkAtResourceGroup",
    run: checkRestrictions,
  },
  {
    method: "POST",
    path: `/subscriptions/{subscriptionId}/providers/${TYPE}`,
    type: TYPE,
    action: ACTION,
    body: "policyRestrictions",
    operation: "policyRestrictions/checkAtSubscription",
    run: checkRestrictions,
  },
];

function checkRestrictions(request: ArmRequest): Reply {
  const scope = request.path.slice(0, request.path.toLowerCase().lastIndexOf("/providers/"));
  const policies = policiesAt(request, scope);
  const target = readTarget(request, scope);
  const evaluations = policies.flatMap((policy) => {
    const expressions = match(policy, target);
    return expressions === undefined ? [] : [evaluationView(policy, expressions)];
  });
  const body = {
    fieldRestrictions: restrictionsOf(policies, target, request.body["pendingFields"]),
    contentEvaluationResult: { policyEvaluations: evaluations },
  };
  return { status: 200, body };
}

/** Those that deny there, and those that audit if the caller wants them too. */
function policiesAt({ services, body }: ArmRequest, scope: string): DenyPolicy[] {
  const includesAudit = body["includeAuditEffect"] === true;
  return [...services.world.policies.values()].filter((policy) => {
    if (isInherited(policy) || policy.scope === "/" || !applies(policy, scope)) return false;
    return denies(policy) || (includesAudit && policy.effect === "Audit" && policy.isEnforced !== false);
  });
}

function readTarget(request: ArmRequest, scope: string): PolicyTarget {
  const { body, providers } = request;
  const details = objectAt(body, "resourceDetails");
  const resource = details["resourceContent"];
  // The code is what Azure answers to other requests that it cannot check (Azure/azure-dev, as above).
  if (!isObject(resource)) throw invalid("The request must have the property 'resourceDetails.resourceContent'.");
  const type = stringAt(resource, "type") ?? "";
  const parent = stringAt(details, "scope") ?? scope;
  const id = `${parent}/providers/${type}/${stringAt(resource, "name") ?? ""}`;
  const newest = findType(providers, type)?.apiVersions.at(-1) ?? "";
  const apiVersion = stringAt(details, "apiVersion") ?? newest;
  return { id, type, resource, apiVersion, isIndexed: isIndexed(providers, type) };
}

function invalid(message: string) {
  return badRequest("InvalidCheckRestrictionsRequest", message);
}

function evaluationView(policy: DenyPolicy, expressions: readonly object[]): JsonObject {
  const reason = policy.message === undefined ? {} : { reason: policy.message };
  return {
    policyInfo: policyReference(policy),
    evaluationResult: "NonCompliant",
    evaluationDetails: { evaluatedExpressions: expressions.map(inItsWords), ...reason },
    effectDetails: { policyEffect: effectOf(policy) },
  };
}

/** The reference's examples begin kinds and operators with a small letter, other than denials do. */
function inItsWords(expression: object): object {
  return Object.fromEntries(
    Object.entries(expression).map(([name, value]: [string, unknown]) => {
      const isWord = (name === "expressionKind" || name === "operator") && typeof value === "string";
      return [name, isWord ? value.charAt(0).toLowerCase() + value.slice(1) : value];
    }),
  );
}
