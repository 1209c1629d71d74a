/** Limits, resource providers and locks around the resource groups of volumes. */
import type { AzureSurroundings, Lock, ProviderState } from "../../doctor/ports.ts";
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
      orHidden(`listing the locks at ${groupId(group)}`, async () => (await listLocks(arm, group)).map(toLock)),
  };
}

/** `atScope()` lists the scope and those above it, and leaves out what is below. */
async function listLocks(arm: Arm, group: ResourceGroupRef): Promise<Json[]> {
  const path = `${groupId(group)}/providers/Microsoft.Authorization/locks?$filter=atScope()`;
  return (await listAll(arm, group.subscriptionId, { path, apiVersion: "2016-09-01" })).map(asObject);
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
