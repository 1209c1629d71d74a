/**
 * Which ways into a storage account ask for no Entra identity, and which settings weaken it without opening it, as far as ARM
 * shows them. Sources for what an absent property means: the REST reference of Storage Accounts, and azurerm's reads.
 */
import type { StorageAccount } from "@azure/arm-storage";

/**
 * In words for an administrator, each with the property's name in ARM. Absent means allowed for allowSharedKeyAccess ("null,
 * which is equivalent to true") and for isLocalUserEnabled (terraform-provider-azurerm#24800), so only an explicit `false`
 * counts. A key for any service is a key, although only blobs hold volumes. An api-version that does not know a property
 * never shows it: SFTP and NFSv3 are as old as 2021-08-01, allowSharedKeyAccessForServices is of 2025-08-01.
 */
export function nonEntraAccessOf(account: StorageAccount): string[] {
  const services = servicesWithKeys(account);
  const found = {
    "shared key access is on (allowSharedKeyAccess is not false)": account.allowSharedKeyAccess !== false,
    [`shared key access is on for ${services.join(", ")} (allowSharedKeyAccessForServices)`]: services.length > 0,
    "anonymous access is on (allowBlobPublicAccess is not false)": account.allowBlobPublicAccess !== false,
    "local users are on (isLocalUserEnabled is not false)": account.isLocalUserEnabled !== false,
    "SFTP is on (isSftpEnabled)": account.isSftpEnabled === true,
    "NFSv3 is on (isNfsV3Enabled; it stays on for good: use another account)": account.enableNfsV3 === true,
    "plain HTTP is accepted (supportsHttpsTrafficOnly is false)": account.enableHttpsTrafficOnly === false,
  };
  return wordsOf(found);
}

/**
 * What is reported and not refused: it opens no way in by itself. Absent means TLS 1.0 ("default interpretation"), and that
 * replication is allowed in accounts created before December 15, 2023 ("Prevent object replication across tenants").
 */
export function weaknessesOf({ minimumTlsVersion, allowCrossTenantReplication }: StorageAccount): string[] {
  return wordsOf({
    "TLS below 1.2 is accepted (minimumTlsVersion)":
      minimumTlsVersion === undefined || /^TLS1_[01]$/.test(minimumTlsVersion),
    "replication to other tenants is allowed (allowCrossTenantReplication is not false)":
      allowCrossTenantReplication !== false,
  });
}

/** Services that accept keys by a setting of their own, by their names in ARM. */
export function servicesWithKeys({ allowSharedKeyAccessForServices = {} }: StorageAccount): string[] {
  return Object.entries(allowSharedKeyAccessForServices)
    .filter(([, setting]) => setting?.enabled === true)
    .map(([service]) => service);
}

function wordsOf(found: Readonly<Record<string, boolean>>): string[] {
  return Object.entries(found)
    .filter(([, applies]) => applies)
    .map(([words]) => words);
}
