/** Whether a scope is at, or in, a storage account or container that does not exist. */
import { containerKey, isDeleted } from "../../storage/containers.ts";
import { type ArmError, authorizationFailed, resourceNotFound } from "../front-door/errors.ts";
import { subscriptionOf } from "../front-door/resource-ids.ts";
import { hasTrackedResource } from "../front-door/tracked.ts";
import type { ArmRequest } from "../provider.ts";

const CONTAINER = /\/storageAccounts\/([^/]+)\/blobServices\/default\/containers\/([^/]+)$/i;

/** False for scopes at or above a resource group. ARM knows tracked resources only; a container its provider knows. */
export function isVanished(request: ArmRequest, scope: string): boolean {
  if (!hasTrackedResource(request, scope)) return true;
  const [, account = "", name = ""] = CONTAINER.exec(scope) ?? [];
  if (name === "") return false;
  const container = request.services.world.containers.get(containerKey(account.toLowerCase(), name.toLowerCase()));
  return container === undefined || isDeleted(container);
}

/** 404 for a list at a vanished scope. */
export function vanished(scope: string): ArmError {
  const [, resourceGroup = "", type = "", name = ""] =
    /\/resourceGroups\/([^/]+)\/providers\/(.+\/storageAccounts(?=\/))\/(.+)$/i.exec(scope) ?? [];
  return resourceNotFound(type, name, resourceGroup);
}

/** Throws 403 for a DELETE at a vanished scope, unless the caller may delete role assignments in the whole subscription. */
export function requireRightAtVanished({ services, caller, path }: ArmRequest, action: string): void {
  const subscription = `/subscriptions/${subscriptionOf(path) ?? ""}`;
  if (services.authorization.allowsAction(caller.principalId, action, subscription)) return;
  throw authorizationFailed(caller, action, path, true);
}
