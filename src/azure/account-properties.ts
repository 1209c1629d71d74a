/** What makes an account keyless: the properties that every new account is sent with, and the openings of an existing one. */
import type {
  StorageAccount,
  StorageAccountCreateParameters,
  StorageAccountUpdateParameters,
} from "@azure/arm-storage";
import type { AccountSpec } from "../volume/ports.ts";

/** What keeps everybody out who has no Entra identity; sent at creation, and again when an account was opened. */
const CLOSED = {
  allowSharedKeyAccess: false,
  allowBlobPublicAccess: false,
  isLocalUserEnabled: false,
  enableHttpsTrafficOnly: true,
} as const;

/** The same for an account that exists, and for blobs apart where somebody has set that. */
export function toClosingParameters({
  allowSharedKeyAccessForServices,
}: StorageAccount): StorageAccountUpdateParameters {
  const isSetApart = allowSharedKeyAccessForServices?.blob?.enabled === true;
  return { ...CLOSED, ...(isSetApart && { allowSharedKeyAccessForServices: { blob: { enabled: false } } }) };
}

/** Every protective property is sent explicitly: policies deny its absence, and Azure's defaults change over time. */
export function toCreateParameters(spec: AccountSpec): StorageAccountCreateParameters {
  return {
    location: spec.location,
    kind: spec.kind,
    sku: { name: spec.skuName },
    tags: { ...spec.tags },
    ...CLOSED,
    allowCrossTenantReplication: false,
    minimumTlsVersion: "TLS1_2",
    defaultToOAuthAuthentication: true,
    ...(spec.accessTier !== undefined && { accessTier: spec.accessTier as "Hot" | "Cool" | "Cold" | "Premium" }),
    ...(spec.isHnsEnabled !== undefined && { isHnsEnabled: spec.isHnsEnabled }),
    ...(spec.publicNetworkAccess !== undefined && { publicNetworkAccess: spec.publicNetworkAccess }),
    ...(spec.requireInfrastructureEncryption !== undefined && {
      encryption: {
        keySource: "Microsoft.Storage",
        requireInfrastructureEncryption: spec.requireInfrastructureEncryption,
      },
    }),
  };
}

/**
 * Ways into an account without an Entra identity, in words for an administrator. ARM leaves allowSharedKeyAccess out when
 * it was never set, and that means allowed; so only an explicit `false` counts.
 */
export function openingsOf(account: StorageAccount): string[] {
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
