/** The tracked resources that a scope may lead to, for calls on extensions (role assignments, locks). */
import type { World } from "../../world.ts";
import { resourceNotFound } from "./errors.ts";

/**
 * Throws 404 ResourceNotFound when the storage account or identity of a scope does not exist. What lies below it (a
 * container) is not looked at: ARM knows tracked resources only.
 */
export function requireTrackedResource(world: World, scope: string): void {
  const match = /\/resourceGroups\/([^/]+)\/providers\/([^/]+)\/([^/]+)\/([^/]+)/i.exec(scope);
  if (match === null) return;
  const [path, resourceGroup = "", namespace = "", type = "", name = ""] = match;
  const id = scope.slice(0, match.index + path.length).toLowerCase();
  const exists = findTracked(world, `${namespace}/${type}`.toLowerCase(), { id, name: name.toLowerCase() });
  if (!exists) throw resourceNotFound(`${namespace}/${type}`, name, resourceGroup);
}

function findTracked(world: World, type: string, { id, name }: { id: string; name: string }): boolean {
  if (type === "microsoft.storage/storageaccounts") return world.accounts.get(name)?.id.toLowerCase() === id;
  if (type === "microsoft.managedidentity/userassignedidentities") return world.identities.has(id);
  return false;
}
