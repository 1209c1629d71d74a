/**
 * Policy assignments, as far as they assign one of the built-in definitions known here. What they deny is decided in
 * `front-door/policies.ts`; policies of any other kind come through the admin endpoint.
 */
import { coversScope } from "../../authorization/scopes.ts";
import type { Reply } from "../../http/call.ts";
import { isObject, type JsonObject, ownValue } from "../../json.ts";
import { assign, BUILT_IN } from "../../policy/built-in.ts";
import type { Definition } from "../../policy/definition.ts";
import type { DenyPolicy } from "../../policy/deny-policy.ts";
import { applies } from "../../policy/match.ts";
import { ArmError, badRequest } from "../front-door/errors.ts";
import { objectAt, stringAt } from "../front-door/json.ts";
import { pageReply } from "../front-door/paging.ts";
import { lastSegment } from "../front-door/resource-ids.ts";
import { queryValue } from "../front-door/route-table.ts";
import { type ArmRequest, type Route, routesOf } from "../provider.ts";

const TYPE = "Microsoft.Authorization/policyAssignments";
const ALL = "{scope}/providers/Microsoft.Authorization/policyAssignments";
const ITEM = `${ALL}/{name}`;

/** REST: Policy Assignments - List For Resource Group and for the other scopes, Get, Create, Delete. */
export const policyAssignmentRoutes: readonly Route<typeof TYPE>[] = routesOf(TYPE, [
  ["GET", ALL, "read", "policyAssignments/list", listAssignments],
  ["GET", ITEM, "read", "policyAssignments/get", getAssignment],
  ["PUT", ITEM, "write", "policyAssignments/create", putAssignment, "policyAssignment"],
  ["DELETE", ITEM, "delete", "policyAssignments/delete", deleteAssignment],
]);

function getAssignment(request: ArmRequest): Reply {
  const policy = request.services.world.policies.get(request.path.toLowerCase());
  if (policy !== undefined) return { status: 200, body: assignmentView(policy) };
  throw new ArmError(
    404,
    "PolicyAssignmentNotFound",
    `The policy assignment '${request.params["name"]}' is not found.`,
  );
}

/** Those at the scope and above it, management groups included, and below it; `$filter=atScope()` omits those below. */
function listAssignments(request: ArmRequest): Reply {
  const scope = request.params["scope"] ?? "";
  const atScope = /atScope\(\)/i.test(queryValue(request.call, "$filter") ?? "");
  const found = [...request.services.world.policies.values()].filter(
    (policy) => applies(policy, scope) || (!atScope && coversScope(scope, policy.scope)),
  );
  const items = found.map((policy) => ({ key: policy.id.toLowerCase(), view: assignmentView(policy) }));
  return pageReply(request, items);
}

/** 201, also for one that exists: the reference has no other success. */
function putAssignment(request: ArmRequest): Reply {
  const sent = objectAt(request.body, "properties");
  const definitionId = stringAt(sent, "policyDefinitionId") ?? "";
  const guid = lastSegment(definitionId).toLowerCase();
  const definition = ownValue(BUILT_IN, guid);
  if (definition === undefined) {
    const message = `The policy definition '${definitionId}' could not be found.`;
    throw new ArmError(404, "PolicyDefinitionNotFound", message);
  }
  const { scope = "", name = "" } = request.params;
  const displayName = stringAt(sent, "displayName") ?? name;
  const given = valuesOf(objectAt(sent, "parameters"));
  requireParameters(name, definitionId, definition, given);
  const { effect: chosen, ...parameters } = given;
  const message = messageIn(sent);
  const effect = readEffect(chosen, definition);
  const more = { isEnforced: sent["enforcementMode"] !== "DoNotEnforce", notScopes: textsAt(sent, "notScopes") };
  const policy = assign(guid, definition, {
    id: request.path,
    scope,
    displayName,
    effect,
    parameters,
    message,
    ...more,
  });
  request.services.world.policies.set(policy.id.toLowerCase(), policy);
  return { status: 201, body: assignmentView(policy) };
}

/** `{"tagName": {"value": "owner"}}` without the braces around the values. */
function valuesOf(parameters: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, each]) => [name, isObject(each) ? each["value"] : each]),
  );
}

function textsAt(sent: JsonObject, name: string): string[] {
  const value = sent[name];
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}

function messageIn(sent: JsonObject): string | undefined {
  const messages = sent["nonComplianceMessages"];
  const [first] = Array.isArray(messages) ? messages : [];
  return isObject(first) ? stringAt(first, "message") : undefined;
}

/** Throws 400 for a parameter that the definition does not have, and for one that it needs. */
function requireParameters(name: string, id: string, definition: Definition, given: JsonObject): void {
  const { parameters, effects } = definition;
  const known = [...Object.keys(parameters), ...(effects.length > 1 ? ["effect"] : [])];
  const unknown = Object.keys(given).filter((parameter) => !known.includes(parameter));
  if (unknown.length > 0) {
    throw badRequest(
      "UndefinedPolicyParameter",
      `The policy assignment '${name}' has defined parameters '${unknown.join(",")}' which are not defined in the policy definition '${id}'.`,
    );
  }
  const missing = Object.entries(parameters)
    .filter(([parameter, byDefault]) => byDefault === undefined && given[parameter] === undefined)
    .map(([parameter]) => `'${parameter}'`);
  if (missing.length === 0) return;
  throw badRequest(
    "MissingPolicyParameter",
    `The policy assignment '${name}' is missing the parameter(s) ${missing.join(", ")} as defined in the policy definition '${id}'.`,
  );
}

function readEffect(chosen: unknown, { effects, defaultEffect }: Definition): string {
  const effect = typeof chosen === "string" ? chosen : undefined;
  const known = effects.find((each) => each.toLowerCase() === (effect ?? defaultEffect).toLowerCase());
  if (known !== undefined) return known;
  throw badRequest(
    "PolicyParameterValueNotAllowed",
    `The value '${effect}' is not allowed for policy parameter 'effect'. The allowed values are '${effects.join(", ")}'.`,
  );
}

/** 204 when there is none. */
function deleteAssignment(request: ArmRequest): Reply {
  return { status: request.services.world.policies.delete(request.path.toLowerCase()) ? 200 : 204 };
}

function assignmentView(policy: DenyPolicy): object {
  const { id, displayName, definitionId, scope, effect = "Deny", built, message, notScopes = [] } = policy;
  const others = Object.entries(built?.parameters ?? {}).map(([name, value]) => [name, { value }]);
  const hasEffect = BUILT_IN[lastSegment(definitionId).toLowerCase()]?.effects.length !== 1;
  const parameters = { ...(hasEffect && { effect: { value: effect } }), ...Object.fromEntries(others) };
  const enforcementMode = policy.isEnforced === false ? "DoNotEnforce" : "Default";
  const nonComplianceMessages = message === undefined ? [] : [{ message }];
  const shown = { displayName, policyDefinitionId: definitionId, scope, notScopes, parameters, enforcementMode };
  return { id, name: lastSegment(id), type: TYPE, properties: { ...shown, nonComplianceMessages } };
}
