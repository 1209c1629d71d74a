/** What all services derive from a storage account. */
import type { Services } from "../services.ts";
import type { StorageAccount } from "../world.ts";

/** The tenant of the account's subscription: only its tokens are accepted. */
export function tenantOf(services: Services, account: StorageAccount): string {
  return services.world.subscriptions.get(account.subscriptionId)?.tenantId ?? "";
}

/** Whether the account has a hierarchical namespace: set at creation, and never changed. */
export function isHierarchical(account: StorageAccount): boolean {
  return account.properties["isHnsEnabled"] === true;
}
