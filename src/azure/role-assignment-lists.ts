/** Lists of role assignments through ARM. */
import type { RoleAssignment as ArmRoleAssignment } from "@azure/arm-authorization";
import { groupId, subscriptionOf } from "../volume/formats/arm-ids.ts";
import type { ListedRoleAssignment, RoleAssignment, RoleAssignments } from "../volume/ports.ts";
import type { Arm, SubscriptionClients } from "./arm.ts";
import { statusOf, toDriverError } from "./faults.ts";

type Client = SubscriptionClients["authorization"]["roleAssignments"];

export function createAssignmentLists(arm: Arm): Pick<RoleAssignments, "listAtAndAbove" | "listAtAndBelow" | "listIn"> {
  const clientFor = (scope: string) => arm.subscription(subscriptionOf(scope)).authorization.roleAssignments;
  return {
    // `atScope()` lists this scope and those above it, and leaves out what is below (REST: Role Assignments - List).
    listAtAndAbove: async (scope) =>
      (await list(clientFor(scope), scope, "atScope()")).filter((each) => isWithin(scope, each.scope)),
    // Without a filter the list has what is above the scope too.
    listAtAndBelow: async (scope) =>
      (await list(clientFor(scope), scope)).filter((each) => isWithin(each.scope, scope)),
    listIn: (group) => list(clientFor(groupId(group)), groupId(group)),
  };
}

/**
 * Answers more than was asked for where the scope is gone and Azure does not list at it any more (404): what is listed at the
 * nearest scope above it that exists, without a filter, has the assignments that were left at the scope (azure.md 8).
 */
async function list(client: Client, scope: string, filter?: string): Promise<ListedRoleAssignment[]> {
  try {
    const found: ListedRoleAssignment[] = [];
    for await (const item of client.listForScope(sdkScope(scope), filter === undefined ? {} : { filter })) {
      found.push(toListed(item));
    }
    return found;
  } catch (error) {
    if (statusOf(error) !== 404) throw toDriverError(error, `listing the role assignments at ${scope}`);
    const above = scopeAbove(scope);
    return above === undefined ? [] : await list(client, above);
  }
}

function toListed(item: ArmRoleAssignment): ListedRoleAssignment {
  const { description, principalType, createdBy, condition } = item;
  return {
    ...toRoleAssignment(item),
    description: description ?? "",
    ...(principalType && { principalType }),
    ...(createdBy && { createdBy }),
    ...(condition && { condition }),
  };
}

/** A container's account, an account's resource group; undefined for a resource group, which takes all that is in it along. */
function scopeAbove(scope: string): string | undefined {
  const [, group, account, rest] =
    /^(\/subscriptions\/[^/]+\/resourceGroups\/[^/]+)(\/providers\/[^/]+\/[^/]+\/[^/]+)?(\/.+)?$/i.exec(scope) ?? [];
  if (group === undefined || account === undefined) return undefined;
  return rest === undefined ? group : `${group}${account}`;
}

/** Whether `scope` is `wide` or below it; "/" is above everything. */
function isWithin(scope: string, wide: string): boolean {
  return `${scope}/`.toLowerCase().startsWith(`${wide.replace(/\/$/, "")}/`.toLowerCase());
}

/** The SDK puts a slash before the scope itself. */
export function sdkScope(scope: string): string {
  return scope.replace(/^\//, "");
}

/** As the ports state it. */
export function toRoleAssignment(item: ArmRoleAssignment): RoleAssignment {
  return {
    name: item.name ?? "",
    scope: item.scope ?? "",
    principalId: item.principalId ?? "",
    roleId: item.roleDefinitionId?.split("/").at(-1) ?? "",
    ...(item.createdOn && { createdAtMs: item.createdOn.getTime() }),
  };
}
