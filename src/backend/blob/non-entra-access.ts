/** Which ways into a storage account ask for no Entra identity, as far as blobs are concerned. */
import type { StorageAccount } from "@azure/arm-storage";

/**
 * In words for an administrator. ARM leaves allowSharedKeyAccess out when it was never set, and that means allowed; so only
 * an explicit `false` counts.
 */
export function nonEntraAccessOf(account: StorageAccount): string[] {
  const { blob } = account.allowSharedKeyAccessForServices ?? {};
  const found = {
    "shared key access is on (allowSharedKeyAccess is not false)": account.allowSharedKeyAccess !== false,
    "shared key access is on for blobs (allowSharedKeyAccessForServices)": blob?.enabled === true,
    "anonymous access is on (allowBlobPublicAccess is not false)": account.allowBlobPublicAccess !== false,
    "local users are on (isLocalUserEnabled)": account.isLocalUserEnabled === true,
    "plain HTTP is accepted (supportsHttpsTrafficOnly is false)": account.enableHttpsTrafficOnly === false,
  };
  return Object.entries(found)
    .filter(([, isOpen]) => isOpen)
    .map(([words]) => words);
}
