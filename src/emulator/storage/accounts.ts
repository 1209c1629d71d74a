/** The tenant that a storage account belongs to. */
import type { Services } from "../services.ts";
import type { StorageAccount } from "../world.ts";

/** The tenant of the account's subscription: only its tokens are good. */
export function tenantOf(services: Services, account: StorageAccount): string {
  return services.world.subscriptions.get(account.subscriptionId)?.tenantId ?? "";
}
