/** ARM resource ids: how they are composed, and what can be read from a path or scope. */
import type { World } from "../../world.ts";

/** The id of a resource group. */
export function resourceGroupId(subscriptionId: string, resourceGroup: string): string {
  return `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}`;
}

/** The id of a top-level resource in a resource group; `type` as "Microsoft.Storage/storageAccounts". */
export function resourceId(subscriptionId: string, resourceGroup: string, type: string, name: string): string {
  return `${resourceGroupId(subscriptionId, resourceGroup)}/providers/${type}/${name}`;
}

/** The subscription id in a path or scope, or undefined. */
export function subscriptionOf(path: string): string | undefined {
  return /^\/subscriptions\/([^/]+)/i.exec(path)?.[1];
}

/** The resource group's name in a path or scope, or undefined. */
export function resourceGroupOf(path: string): string | undefined {
  return /^\/subscriptions\/[^/]+\/resourceGroups\/([^/]+)/i.exec(path)?.[1];
}

/** The last segment of an id. */
export function lastSegment(id: string): string {
  return id.slice(id.lastIndexOf("/") + 1);
}

/** A canonical GUID, in either case. */
export function isGuid(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
}

/** The tenant that a scope belongs to: that of its subscription; undefined for a scope outside any subscription. */
export function tenantOf(world: World, scope: string): string | undefined {
  const subscriptionId = subscriptionOf(scope)?.toLowerCase();
  if (subscriptionId === undefined) return undefined;
  return world.subscriptions.get(subscriptionId)?.tenantId;
}
