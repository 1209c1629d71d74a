/** The account's firewall, as far as it matters to callers that all have a loopback address. */

import { StorageError } from "../../storage/errors.ts";
import type { StorageAccount } from "../../world.ts";

/**
 * 403 AuthorizationFailure when public network access is off, or the default is to deny: no rule can name a loopback address
 * ("Configure Azure Storage firewalls").
 */
export function checkNetwork(account: StorageAccount): void {
  const access = account.properties["publicNetworkAccess"];
  if (access === "Disabled" || access === "SecuredByPerimeter") throw new StorageError("AuthorizationFailure");
  const rules = account.properties["networkAcls"];
  if (typeof rules !== "object" || rules === null) return;
  if ((rules as { defaultAction?: unknown }).defaultAction !== "Deny") return;
  throw new StorageError("AuthorizationFailure");
}
