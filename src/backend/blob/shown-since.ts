/**
 * Since which api-version of Microsoft.Storage an account shows the properties that are checked on it. One that is not shown
 * looks as if it were not set, so that an older version cannot see what somebody has turned on by it.
 */
import type { StorageAccount } from "@azure/arm-storage";

/**
 * By the SDK's names. Source: the models of Microsoft's Python clients for each version; allowSharedKeyAccessForServices is in
 * azure-mgmt-storage 25.0.0 (2025-08-01, of May 2026) and not in 24.0.1 (2025-06-01).
 */
export const SHOWN_SINCE = {
  enableHttpsTrafficOnly: "2016-12-01",
  allowSharedKeyAccess: "2019-04-01",
  allowBlobPublicAccess: "2019-04-01",
  minimumTlsVersion: "2019-04-01",
  enableNfsV3: "2021-01-01",
  allowCrossTenantReplication: "2021-04-01",
  isLocalUserEnabled: "2021-08-01",
  isSftpEnabled: "2021-08-01",
  allowSharedKeyAccessForServices: "2025-08-01",
} as const satisfies Partial<Record<keyof StorageAccount, string>>;

/** The checked properties that accounts do not show in `version`. */
export function unseenWith(version: string): string[] {
  return Object.entries(SHOWN_SINCE)
    .filter(([, since]) => since > version)
    .map(([property]) => property);
}
