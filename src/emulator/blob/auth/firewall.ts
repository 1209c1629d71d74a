/** The account's firewall, as far as it matters to callers that all have a loopback address. */

import { StorageError } from "../../storage/errors.ts";
import type { StorageAccount } from "../../world.ts";

/**
 * 403 AuthorizationFailure when public network access is off, or the default is to deny and no rule allows loopback
 * ("Configure Azure Storage firewalls"; IP rules cannot name loopback addresses in Azure, here they may).
 */
export function checkNetwork(account: StorageAccount): void {
  const access = account.properties["publicNetworkAccess"];
  if (access === "Disabled" || access === "SecuredByPerimeter") throw new StorageError("AuthorizationFailure");
  const rules = account.properties["networkAcls"];
  if (typeof rules !== "object" || rules === null) return;
  const { defaultAction, ipRules } = rules as { defaultAction?: unknown; ipRules?: unknown };
  if (defaultAction !== "Deny") return;
  const allowed = Array.isArray(ipRules) ? (ipRules as readonly { value?: unknown }[]) : [];
  if (allowed.some(({ value }) => typeof value === "string" && /^127\.0\.0\.(0\/\d+|1)$/.test(value))) return;
  throw new StorageError("AuthorizationFailure");
}
