/**
 * An account shows a property only from a certain api-version on, whatever version wrote it. Source: the models of Microsoft's
 * Python clients, one package for each version (azure-mgmt-storage 11 to 25).
 */
import type { JsonObject } from "../../../json.ts";

const SHOWN_SINCE: Readonly<Record<string, string>> = {
  allowSharedKeyAccess: "2019-04-01",
  allowBlobPublicAccess: "2019-04-01",
  minimumTlsVersion: "2019-04-01",
  isNfsV3Enabled: "2021-01-01",
  sasPolicy: "2021-02-01",
  allowCrossTenantReplication: "2021-04-01",
  publicNetworkAccess: "2021-06-01",
  defaultToOAuthAuthentication: "2021-06-01",
  isLocalUserEnabled: "2021-08-01",
  isSftpEnabled: "2021-08-01",
  allowSharedKeyAccessForServices: "2025-08-01",
};

/** Those of `properties` that `version` knows. */
export function shownIn(version: string, properties: JsonObject): JsonObject {
  const isShown = (name: string) => (SHOWN_SINCE[name] ?? "") <= version;
  return Object.fromEntries(Object.entries(properties).filter(([name]) => isShown(name)));
}
