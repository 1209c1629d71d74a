/**
 * Policy assignments, as far as they assign one of the built-in definitions known here. What they deny is decided in
 * `front-door/policies.ts`; policies of any other kind come through the admin endpoint.
 */
import type { Reply } from "../../http/call.ts";
import { isObject } from "../../json.ts";
import type { DenyPolicy } from "../../world.ts";
import { ArmError, badRequest } from "../front-door/errors.ts";
import { objectAt, stringAt } from "../front-door/json.ts";
import { lastSegment } from "../front-door/resource-ids.ts";
import { type ArmRequest, type Route, routesOf } from "../provider.ts";

const TYPE = "Microsoft.Authorization/policyAssignments";
const ITEM = "{scope}/providers/Microsoft.Authorization/policyAssignments/{name}";

/** REST: Policy Assignments - Get, Create, Delete. */
export const policyAssignmentRoutes: readonly Route<typeof TYPE>[] = routesOf(TYPE, [
  ["GET", ITEM, "read", "policyAssignments/get", getAssignment],
  ["PUT", ITEM, "write", "policyAssignments/create", putAssignment],
  ["DELETE", ITEM, "delete", "policyAssignments/delete", deleteAssignment],
]);

type Definition = Pick<DenyPolicy, "definitionName" | "resourceType" | "requires">;

/**
 * Built-in definitions by GUID (Azure/azure-policy, built-in-policies/policyDefinitions/Storage). Both also match an account
 * that does not state the property, and have the parameter `effect`: Audit (default), Deny or Disabled.
 */
const DEFINITIONS: Readonly<Record<string, Definition>> = {
  "8c6a50c6-9ffd-4ae7-986f-5fa6111f9a54": {
    definitionName: "Storage accounts should prevent shared key access",
    resourceType: "Microsoft.Storage/storageAccounts",
    requires: { "properties.allowSharedKeyAccess": false },
  },
  "4fa4b6c0-31ca-4c0d-b10d-24b96f62a751": {
    definitionName: "[Preview]: Storage account public access should be disallowed",
    resourceType: "Microsoft.Storage/storageAccounts",
    requires: { "properties.allowBlobPublicAccess": false },
  },
};
const EFFECTS = ["Audit", "Deny", "Disabled"];

function getAssignment(request: ArmRequest): Reply {
  const policy = request.services.world.policies.get(request.path.toLowerCase());
  if (policy !== undefined) return { status: 200, body: assignmentView(policy) };
  throw new ArmError(
    404,
    "PolicyAssignmentNotFound",
    `The policy assignment '${request.params["name"]}' is not found.`,
  );
}

/** 201, also for one that exists: the reference has no other success. */
function putAssignment(request: ArmRequest): Reply {
  const sent = objectAt(request.body, "properties");
  const definitionId = stringAt(sent, "policyDefinitionId") ?? "";
  const definition = DEFINITIONS[lastSegment(definitionId).toLowerCase()];
  if (definition === undefined) {
    const message = `The policy definition '${definitionId}' could not be found.`;
    throw new ArmError(404, "PolicyDefinitionNotFound", message);
  }
  const { scope = "", name = "" } = request.params;
  const policy = {
    ...definition,
    id: request.path,
    displayName: stringAt(sent, "displayName") ?? name,
    definitionId,
    scope,
    effect: readEffect(objectAt(sent, "parameters")["effect"]),
  };
  request.services.world.policies.set(policy.id.toLowerCase(), policy);
  return { status: 201, body: assignmentView(policy) };
}

function readEffect(parameter: unknown): string {
  const effect = isObject(parameter) ? stringAt(parameter, "value") : undefined;
  const known = EFFECTS.find((each) => each.toLowerCase() === (effect ?? "Audit").toLowerCase());
  if (known !== undefined) return known;
  throw badRequest(
    "PolicyParameterValueNotAllowed",
    `The value '${effect}' is not allowed for policy parameter 'effect'. The allowed values are '${EFFECTS.join(", ")}'.`,
  );
}

/** 204 when there is none. */
function deleteAssignment(request: ArmRequest): Reply {
  return { status: request.services.world.policies.delete(request.path.toLowerCase()) ? 200 : 204 };
}

function assignmentView({ id, displayName, definitionId, scope, effect = "Deny" }: DenyPolicy): object {
  const parameters = { effect: { value: effect } };
  const properties = { displayName, policyDefinitionId: definitionId, scope, parameters, enforcementMode: "Default" };
  return { id, name: lastSegment(id), type: TYPE, properties };
}
