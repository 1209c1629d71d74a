/**
 * Reads deny policies from JSON (`POST /_emulator/policies`): one that is not understood must not be ignored silently.
 */
import { isObject, type JsonObject } from "../json.ts";
import type { DenyPolicy } from "../policy/deny-policy.ts";

const TEXTS = ["name", "scope", "resourceType", "displayName", "definitionId", "definitionName"] as const;
const REQUIRED = ["name", "scope", "resourceType"] as const;
const KEYS: readonly string[] = [...TEXTS, "requires"];

/**
 * One policy or an array of them: `{name, scope, resourceType, requires, displayName, definitionId, definitionName}`,
 * of which the last four may be absent. Throws an Error that names the policy and what is wrong with it.
 */
export function parsePolicies(json: unknown): DenyPolicy[] {
  const policies = Array.isArray(json) ? json : [json];
  return policies.map((policy, index) => {
    const wrong = findWrong(policy);
    if (wrong !== undefined) throw new Error(`policy ${index}: ${wrong}`);
    return toPolicy(policy as Record<(typeof REQUIRED)[number], string> & JsonObject);
  });
}

function findWrong(policy: unknown): string | undefined {
  if (!isObject(policy)) return "must be an object";
  const unknown = Object.keys(policy).find((key) => !KEYS.includes(key));
  if (unknown !== undefined) return `"${unknown}" is not known; known are ${KEYS.join(", ")}`;
  const missing = REQUIRED.find((key) => policy[key] === undefined);
  if (missing !== undefined) return `${missing} is missing`;
  const notText = TEXTS.find((key) => policy[key] !== undefined && !isText(policy[key]));
  if (notText !== undefined) return `${notText} must be a text that is not empty`;
  if (!String(policy["scope"]).startsWith("/")) return "scope must be an ARM id, such as /subscriptions/<id>";
  if (!/^[^/]+\.[^/]+(\/[^/]+)+$/.test(String(policy["resourceType"])))
    return "resourceType must be such as Microsoft.Storage/storageAccounts";
  const { requires = {} } = policy;
  return isObject(requires) ? undefined : "requires must be an object, from paths to values";
}

function toPolicy(policy: Record<(typeof REQUIRED)[number], string> & JsonObject): DenyPolicy {
  const { name, scope, resourceType, displayName = name, definitionName = displayName } = policy;
  return {
    id: `${scope.replace(/\/$/, "")}/providers/Microsoft.Authorization/policyAssignments/${name}`,
    displayName: String(displayName),
    definitionId: String(policy["definitionId"] ?? `/providers/Microsoft.Authorization/policyDefinitions/${name}`),
    definitionName: String(definitionName),
    scope,
    resourceType,
    requires: (policy["requires"] ?? {}) as JsonObject,
  };
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value.trim() !== "";
}
