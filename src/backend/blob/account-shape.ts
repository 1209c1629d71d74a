/** The body that a keyless account is created with, and the one that makes an existing account keyless again. */
import type {
  NetworkRuleSet,
  StorageAccount,
  StorageAccountCreateParameters,
  StorageAccountUpdateParameters,
} from "@azure/arm-storage";
import type { AccountShaping } from "../../azure/accounts.ts";
import type { AccountSpec } from "../../volume/ports.ts";
import { nonEntraAccessOf, servicesWithKeys, weaknessesOf } from "./non-entra-access.ts";
import type { BlobAccountShape } from "./parameters.ts";
import { complyingParameter } from "./policy-parameters.ts";

/** What blobs need of the account that azure/accounts.ts creates. */
export const BLOB_ACCOUNTS: AccountShaping = {
  toCreateParameters,
  toFinishParameters,
  toKeylessParameters,
  nonEntraAccessOf,
  weaknessesOf,
  complyingParameter,
};

/** Keeps everybody out who has no Entra identity; sent at creation, and again to enforce it. */
const KEYLESS = {
  allowSharedKeyAccess: false,
  allowBlobPublicAccess: false,
  isLocalUserEnabled: false,
  enableHttpsTrafficOnly: true,
} as const;

/**
 * The same for an account that exists, and what somebody has turned on beside it: keys of single services, and SFTP. These
 * two are sent only where they are on, since older api-versions do not know them. NFSv3 cannot be turned off.
 */
function toKeylessParameters(account: StorageAccount): StorageAccountUpdateParameters {
  const off = servicesWithKeys(account).map((service) => [service, { enabled: false }]);
  const services = { ...account.allowSharedKeyAccessForServices, ...Object.fromEntries(off) };
  return {
    ...KEYLESS,
    ...(account.isSftpEnabled === true && { isSftpEnabled: false }),
    ...(off.length > 0 && { allowSharedKeyAccessForServices: services }),
  };
}

const ENCRYPTED = { enabled: true, keyType: "Account" };

/** As long as a user delegation key may be valid at all, and what the built-in policies 7aa1c9d5 and bc1b984e ask for. */
const LONGEST_SAS = "7.00:00:00";

/**
 * A closed firewall, for an account whose public access is off anyway: policy 34c877ad and those like it look at this member
 * alone. The exception for trusted services is Azure's default, and policy c9d007d0 denies accounts without it.
 */
const CLOSED: NetworkRuleSet = { defaultAction: "Deny", bypass: "AzureServices", virtualNetworkRules: [], ipRules: [] };

/** Every protective property is sent explicitly: policies deny its absence, and Azure's defaults change over time. */
function toCreateParameters({
  location,
  tags,
  shape,
}: AccountSpec & { readonly shape: BlobAccountShape }): StorageAccountCreateParameters {
  const skuName = shape.skuName ?? "Standard_LRS";
  const kind = skuName.startsWith("Premium") ? "BlockBlobStorage" : "StorageV2";
  const { accessTier, isHnsEnabled, publicNetworkAccess, requireInfrastructureEncryption } = shape;
  return {
    location,
    kind,
    sku: { name: skuName },
    tags: { ...tags },
    ...KEYLESS,
    allowCrossTenantReplication: false,
    minimumTlsVersion: "TLS1_2",
    defaultToOAuthAuthentication: true,
    sasPolicy: { sasExpirationPeriod: LONGEST_SAS, expirationAction: shape.sasExpirationAction ?? "Log" },
    // Block blob accounts have the one tier Premium, and may refuse that it is stated (azure.md 8).
    ...(accessTier !== undefined && kind === "StorageV2" && { accessTier }),
    ...(isHnsEnabled !== undefined && { isHnsEnabled }),
    ...(publicNetworkAccess !== undefined && { publicNetworkAccess }),
    ...(publicNetworkAccess === "Disabled" && { networkRuleSet: CLOSED }),
    ...(requireInfrastructureEncryption !== undefined && {
      // Blobs are encrypted anyway: `services` is there because Azure may demand it beside any other member (azure.md 8).
      encryption: { keySource: "Microsoft.Storage", services: { blob: ENCRYPTED }, requireInfrastructureEncryption },
    }),
  };
}

/**
 * An administrator's firewall, tier, redundancy, key of encryption and tags do not fall back to ours. Where public access is off the firewall matters to
 * policies alone, so that an open one, as ARM shows it of an account that was never finished, gives way.
 */
function toFinishParameters(
  spec: AccountSpec & { readonly shape: BlobAccountShape },
  { tags = {}, sku, accessTier, publicNetworkAccess, networkRuleSet, sasPolicy, encryption }: StorageAccount,
): StorageAccountCreateParameters {
  const ours = toCreateParameters(spec);
  const isClosed = (publicNetworkAccess ?? ours.publicNetworkAccess) === "Disabled";
  const keepsFirewall = networkRuleSet !== undefined && (!isClosed || networkRuleSet.defaultAction === "Deny");
  return {
    ...ours,
    tags: { ...tags, ...ours.tags },
    ...(sku !== undefined && { sku: { name: sku.name } }),
    // What is not sent stays as it is, and what the class asks for cannot be changed after the first PUT.
    ...(ours.encryption !== undefined && encryption?.keySource === "Microsoft.Keyvault" && { encryption }),
    ...(ours.accessTier !== undefined && accessTier !== undefined && { accessTier }),
    ...(publicNetworkAccess !== undefined && { publicNetworkAccess }),
    ...(keepsFirewall && { networkRuleSet }),
    ...(sasPolicy !== undefined && { sasPolicy }),
  };
}
