/** Policy assignments and their definitions, as ARM shows them: what a dry run leaves out, or all of it where there is none. */
import { remembering } from "../../concurrency/remembered.ts";
import { subscriptionOf } from "../../volume/formats/arm-ids.ts";
import type { Arm } from "../arm.ts";
import { statusOf } from "../faults.ts";
import { asArray, asObject, asText, type Json } from "./json.ts";
import { listAll } from "./lists.ts";
import { resolve } from "./policy-rule.ts";

/** An assignment that covers a resource group and is enforced there. */
export interface AssignedPolicy {
  readonly id: string;
  readonly displayName: string;
  readonly scope: string;
  readonly definitionId: string;
  /** Name -> value. */
  readonly parameters: Json;
  /** What it says to people, where that is of one kind for all it assigns. */
  readonly message?: string;
  /** It is changed where it is assigned (`overrides`, `resourceSelectors`), which is not read here. */
  readonly isAltered: boolean;
}

/** One definition of an assignment: of an initiative, one of several. */
export interface AssignedRule {
  readonly assignment: AssignedPolicy;
  readonly definitionId: string;
  readonly definitionName: string;
  readonly initiative?: { readonly id: string; readonly name: string };
  readonly parameters: Json;
  /** In lower case; undefined where it cannot be told. */
  readonly effect: string | undefined;
  /** `policyRule.if`; undefined where the definition may not be read. */
  readonly rule: unknown;
}

const API_VERSION = "2021-06-01";

/** REST: Policy Assignments - List For Resource Group, without those below it, left out of it or not enforced. */
export async function assignmentsAt(arm: Arm, group: string): Promise<readonly AssignedPolicy[]> {
  const path = `${group}/providers/Microsoft.Authorization/policyAssignments`;
  const listed = await listAll(arm, subscriptionOf(group), { path, apiVersion: API_VERSION });
  return listed.flatMap((each) => {
    const { id, name, properties } = asObject(each);
    const stated = asObject(properties);
    const scope = asText(stated["scope"]);
    const isLeftOut = asArray(stated["notScopes"]).some((other) => covers(String(other), group));
    const isBelow = covers(group, scope) && !covers(scope, group);
    if (isLeftOut || isBelow || stated["enforcementMode"] === "DoNotEnforce") return [];
    const [message, ...others] = asArray(stated["nonComplianceMessages"]).map((one) =>
      asText(asObject(one)["message"]),
    );
    return [
      {
        id: asText(id),
        displayName: asText(stated["displayName"]) || asText(name),
        scope,
        definitionId: asText(stated["policyDefinitionId"]),
        parameters: valuesOf(stated["parameters"]),
        isAltered: asArray(stated["overrides"]).length + asArray(stated["resourceSelectors"]).length > 0,
        ...(message !== undefined && message !== "" && others.length === 0 && { message }),
      },
    ];
  });
}

/** Reads each definition once. */
export function createRuleReader(arm: Arm, subscriptionId: string) {
  const read = remembering((id: string) => readProperties(arm, subscriptionId, id));
  return async (assignment: AssignedPolicy): Promise<readonly AssignedRule[]> => {
    const { definitionId: id, parameters } = assignment;
    if (!/\/policySetDefinitions\//i.test(id)) return [await ruleOf(read, { assignment, id, parameters })];
    const set = await read(id);
    if (set === undefined) return [unreadable(assignment, id, parameters)];
    const given = { ...defaultsIn(set), ...parameters };
    const initiative = { id, name: asText(set["displayName"]) };
    return await Promise.all(
      asArray(set["policyDefinitions"])
        .map(asObject)
        .filter((member) => mayDeny(member, given))
        .map((member) =>
          ruleOf(read, {
            assignment,
            id: asText(member["policyDefinitionId"]),
            parameters: resolved(valuesOf(member["parameters"]), given),
            initiative,
          }),
        ),
    );
  };
}

interface Member {
  readonly assignment: AssignedPolicy;
  readonly id: string;
  readonly parameters: Json;
  readonly initiative?: { readonly id: string; readonly name: string };
}

async function ruleOf(
  read: (id: string) => Promise<Json | undefined>,
  { assignment, id, parameters, initiative }: Member,
): Promise<AssignedRule> {
  const definition = await read(id);
  if (definition === undefined) return unreadable(assignment, id, parameters);
  const { if: rule, then } = asObject(definition["policyRule"]);
  const given = { ...defaultsIn(definition), ...parameters };
  const effect = resolve(asObject(then)["effect"], given);
  // Other modes are about what is in a cluster or a vault, not about resources.
  const isAboutResources = /^(all|indexed)$/i.test(asText(definition["mode"]) || "all");
  return {
    assignment,
    definitionId: id,
    definitionName: asText(definition["displayName"]),
    parameters: given,
    effect: isAboutResources ? (typeof effect === "string" ? effect.toLowerCase() : undefined) : "none",
    rule,
    ...(initiative !== undefined && { initiative }),
  };
}

/** Whether the effect of an initiative's member is deny, or only its definition says what it is. */
function mayDeny(member: Json, given: Json): boolean {
  const { effect } = resolved(valuesOf(member["parameters"]), given);
  return effect === undefined || /^deny$/i.test(String(effect));
}

function unreadable(assignment: AssignedPolicy, definitionId: string, parameters: Json): AssignedRule {
  return { assignment, definitionId, definitionName: "", parameters, effect: undefined, rule: undefined };
}

/** The definition's properties; undefined where it is hidden or gone. */
async function readProperties(arm: Arm, subscriptionId: string, id: string): Promise<Json | undefined> {
  try {
    const answer = await arm.send(subscriptionId, { method: "GET", path: id, apiVersion: API_VERSION });
    return asObject(asObject(answer)["properties"]);
  } catch (error) {
    if (statusOf(error) === 403 || statusOf(error) === 404) return undefined;
    throw error;
  }
}

function defaultsIn(definition: Json): Json {
  const entries = Object.entries(asObject(definition["parameters"]));
  return Object.fromEntries(
    entries.flatMap(([name, each]) => {
      const { defaultValue } = asObject(each);
      return defaultValue === undefined ? [] : [[name, defaultValue]];
    }),
  );
}

/** `{"tagName": {"value": "owner"}}` without the braces around the values. */
function valuesOf(parameters: unknown): Json {
  return Object.fromEntries(
    Object.entries(asObject(parameters)).map(([name, each]) => [name, asObject(each)["value"]]),
  );
}

function resolved(values: Json, given: Json): Json {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, resolve(value, given)]));
}

/** Whether `wide` is the scope itself or one above it in the subscription. */
function covers(wide: string, scope: string): boolean {
  return `${scope}/`.toLowerCase().startsWith(`${wide.replace(/\/$/, "")}/`.toLowerCase());
}
