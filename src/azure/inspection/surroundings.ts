/** Limits, resource providers, locks and deny assignments around the resource groups of volumes. */
import type { AzureSurroundings, DenyAssignment, Lock, ProviderState } from "../../doctor/ports.ts";
import { groupId } from "../../volume/formats/arm-ids.ts";
import type { ResourceGroupRef } from "../../volume/ports.ts";
import type { Arm } from "../arm.ts";
import { statusOf, toDriverError } from "../faults.ts";
import { LIMIT } from "../role-assignments.ts";
import { countAccounts, countAssignments } from "../usage.ts";
import { asArray, asObject, type Json } from "./json.ts";
import { listAll, orHidden } from "./lists.ts";

export function createSurroundings(arm: Arm): Omit<AzureSurroundings, "policiesOn"> {
  return {
    accountQuota: (subscriptionId, location) =>
      orHidden(`counting the storage accounts of subscription ${subscriptionId} in ${location}`, () =>
        countAccounts(arm, { subscriptionId, location }),
      ),
    assignmentQuota: (subscriptionId) =>
      orHidden(`counting the role assignments of subscription ${subscriptionId}`, async () => {
        return { used: await countAssignments(arm, subscriptionId), limit: LIMIT };
      }),
    providerState: (subscriptionId, namespace) => providerState(arm, subscriptionId, namespace),
    locksAt: (group) =>
      orHidden(`listing the locks at ${groupId(group)}`, async () => {
        const listed = await listAtScope(arm, group, "locks", "2016-09-01");
        return listed.map(toLock);
      }),
    denyAssignmentsAt: (group) =>
      orHidden(`listing the deny assignments at ${groupId(group)}`, async () => {
        const listed = await listAtScope(arm, group, "denyAssignments", "2022-04-01");
        return listed.flatMap(toDenyAssignment);
      }),
  };
}

/** `atScope()` lists the scope and those above it, and leaves out what is below. */
async function listAtScope(arm: Arm, group: ResourceGroupRef, type: string, apiVersion: string): Promise<Json[]> {
  const path = `${groupId(group)}/providers/Microsoft.Authorization/${type}?$filter=atScope()`;
  return (await listAll(arm, group.subscriptionId, { path, apiVersion })).map(asObject);
}

/** REST: Providers - Get, and Get At Tenant Scope, which needs no right and does not say whether the subscription uses it. */
async function providerState(arm: Arm, subscriptionId: string, namespace: string): Promise<ProviderState> {
  const ask = (scope: string) =>
    arm.send(subscriptionId, { method: "GET", path: `${scope}/providers/${namespace}`, apiVersion: "2021-04-01" });
  try {
    return toProviderState(
      await ask(`/subscriptions/${subscriptionId}`).catch(async (error: unknown) => {
        if (statusOf(error) === 403) return await ask("");
        throw error;
      }),
    );
  } catch (error) {
    throw toDriverError(error, `reading resource provider ${namespace} of subscription ${subscriptionId}`);
  }
}

function toProviderState(answer: unknown): ProviderState {
  const { registrationState, resourceTypes } = asObject(answer);
  const types = asArray(resourceTypes).map(asObject);
  return {
    ...(typeof registrationState === "string" && { registration: registrationState }),
    versions: new Map(
      types.map(({ resourceType, apiVersions }) => [
        String(resourceType).toLowerCase(),
        asArray(apiVersions).map(String),
      ]),
    ),
  };
}

function toLock({ id, name, properties }: Json): Lock {
  const scope = String(id).replace(/\/providers\/Microsoft\.Authorization\/locks\/[^/]+$/i, "");
  return { name: String(name), scope, level: String(asObject(properties)["level"]) };
}

/** One for each of its sets of actions. One that does not hold below its own scope is not about accounts. */
function toDenyAssignment({ name, properties }: Json): DenyAssignment[] {
  const stated = asObject(properties);
  if (stated["doNotApplyToChildScopes"] === true) return [];
  const ids = (member: string) => asArray(stated[member]).map((each) => String(asObject(each)["id"]));
  const common = {
    name: String(stated["denyAssignmentName"] ?? name),
    scope: String(stated["scope"] ?? ""),
    principals: ids("principals"),
    excludedPrincipals: ids("excludePrincipals"),
  };
  return asArray(stated["permissions"]).map((each) => {
    const { actions, notActions } = asObject(each);
    return { ...common, actions: asArray(actions).map(String), notActions: asArray(notActions).map(String) };
  });
}
