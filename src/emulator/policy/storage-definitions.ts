/**
 * The built-in definitions that look at storage accounts and can deny, by GUID. Read in Azure/azure-policy
 * (built-in-policies/policyDefinitions/Storage and Resilience) as of its newest stored commit, April 2026. Those that only
 * audit (customer-managed keys 6fac406b, geo-redundancy bf045164, private link 6edd7eda and 1604f626) are not among them.
 */
import { type Definition, ofAccounts, ofAnything, when } from "./definition.ts";

const OPEN_FIREWALL = when("networkAcls.defaultAction", "notEquals", "Deny");
const IP_RULES = when("networkAcls.ipRules.count", "greaterOrEquals", 1);
const NO_DATABRICKS = when("resourcegroup().managedBy", "notContains", "/providers/Microsoft.Databricks/");
const KEYS_ON = [
  when("allowSharedKeyAccess", "exists", "false"),
  when("allowSharedKeyAccess", "equals", ""),
  when("allowSharedKeyAccess", "equals", "true"),
];
const LONG_SAS = [
  when("sasPolicy", "exists", "false"),
  when("sasPolicy.sasExpirationPeriod", "exists", "false"),
  when("sasPolicy.sasExpirationPeriod.days", "greater", 7),
  {
    allOf: [
      when("sasPolicy.sasExpirationPeriod.days", "equals", 7),
      when("sasPolicy.sasExpirationPeriod.rest", "notEquals", 0),
    ],
  },
  when("sasPolicy.expirationAction", "exists", "false"),
  when("sasPolicy.expirationAction", "notEquals", "Block"),
];
/** Of customer-managed keys alone. */
const KEY_VAULT = when("encryption.keySource", "equals", "Microsoft.Keyvault");

export const STORAGE_DEFINITIONS: Readonly<Record<string, Definition>> = {
  "8c6a50c6-9ffd-4ae7-986f-5fa6111f9a54": ofAccounts("Storage accounts should prevent shared key access", [
    { anyOf: KEYS_ON },
  ]),
  "fd9903f1-38c2-4d36-8e44-5c1c20c561e8": ofAccounts(
    "Storage accounts should prevent shared key access (excluding storage accounts created by Databricks)",
    [NO_DATABRICKS, { anyOf: KEYS_ON }],
  ),
  "4fa4b6c0-31ca-4c0d-b10d-24b96f62a751": ofAccounts("[Preview]: Storage account public access should be disallowed", [
    {
      not: {
        allOf: [
          when("id", "contains", "/resourceGroups/aro-"),
          { anyOf: [when("name", "like", "cluster*"), when("name", "like", "imageregistry*")] },
        ],
      },
    },
    { not: when("allowBlobPublicAccess", "equals", "false") },
  ]),
  "7aa1c9d5-3d7e-4579-8117-d85e99211757": ofAccounts(
    "Storage SAS tokens should adhere to 7 day maximum validity",
    [{ anyOf: LONG_SAS }],
    { defaultEffect: "Deny" },
  ),
  "bc1b984e-ddae-40cc-801a-050a030e4fbe": ofAccounts(
    "Storage accounts should have shared access signature (SAS) policies configured",
    [when("sasPolicy", "exists", "false")],
  ),
  "34c877ad-507e-4c82-993e-3452a6e0ad3c": ofAccounts("Storage accounts should restrict network access", [
    OPEN_FIREWALL,
  ]),
  "2a1a9cdf-e04d-429a-8416-3bfb72a1b26f": ofAccounts(
    "Storage accounts should restrict network access using virtual network rules",
    [{ anyOf: [OPEN_FIREWALL, IP_RULES] }],
  ),
  "db4f9b05-5ffd-4b34-b714-3c710dbb3fd6": ofAccounts(
    "Storage accounts should restrict network access using virtual network rules (excluding storage accounts created by Databricks)",
    [NO_DATABRICKS, { anyOf: [OPEN_FIREWALL, IP_RULES] }],
  ),
  "b2982f36-99f2-4db5-8eff-283140c09693": ofAccounts(
    "Storage accounts should disable public network access",
    [when("publicNetworkAccess", "notEquals", "Disabled")],
    { mode: "All" },
  ),
  "c9d007d0-c057-4772-b18c-01e546713bcd": ofAccounts(
    "Storage accounts should allow access from trusted Microsoft services",
    [when("networkAcls.bypass", "exists", "true"), when("networkAcls.bypass", "notContains", "AzureServices")],
  ),
  "92a89a79-6c52-4a7e-a03f-61306fc49312": ofAccounts(
    "Storage accounts should prevent cross tenant object replication",
    [when("allowCrossTenantReplication", "notEquals", "false")],
  ),
  "404c3081-a854-4457-ae30-26a93ef643f9": ofAccounts("Secure transfer to storage accounts should be enabled", [
    {
      anyOf: [
        {
          allOf: [
            when("requestContext().apiVersion", "less", "2019-04-01"),
            when("supportsHttpsTrafficOnly", "exists", "false"),
          ],
        },
        when("supportsHttpsTrafficOnly", "equals", "false"),
      ],
    },
  ]),
  "fe83a0eb-a853-422d-aac2-1bffd182c5d0": ofAccounts(
    "Storage accounts should have the specified minimum TLS version",
    [
      {
        anyOf: [
          when("minimumTlsVersion", "notEquals", { parameter: "minimumTlsVersion" }),
          when("minimumTlsVersion", "exists", "false"),
        ],
      },
    ],
    { parameters: { minimumTlsVersion: "TLS1_2" } },
  ),
  "4733ea7b-a883-42fe-8cac-97454c2a9e4a": ofAccounts("Storage accounts should have infrastructure encryption", [
    when("encryption.requireInfrastructureEncryption", "notEquals", "true"),
  ]),
  "7433c107-6db4-4ad1-b57a-a76dce0154a1": ofAccounts(
    "Storage accounts should be limited by allowed SKUs",
    [{ not: when("sku.name", "in", { parameter: "listOfAllowedSKUs" }) }],
    { defaultEffect: "Deny", parameters: { listOfAllowedSKUs: undefined } },
  ),
  "85b005b2-95fc-4953-b9cb-f9ee6427c754": ofAccounts("[Preview]: Storage Accounts should be Zone Redundant", [
    { anyOf: [when("sku.name", "notLike", "*ZRS"), when("kind", "equals", "Storage")] },
  ]),
  // Azure adds the days of the policy to the time of the key; what is sent has no such time, so that no PUT is denied.
  "044985bb-afe1-42cd-8a36-9d5d42424537": ofAccounts("Storage account keys should not be expired", [
    when("keyCreationTime.key1", "exists", "true"),
    when("keyPolicy.keyExpirationPeriodInDays", "exists", "true"),
  ]),
  "f0e5abd0-2554-4736-b7c0-4ffef23475ef": ofAccounts("Queue Storage should use customer-managed key for encryption", [
    KEY_VAULT,
    when("encryption.services.queue.keyType", "notEquals", "Account"),
  ]),
  "7c322315-e26d-4174-a99e-f49d351b4688": ofAccounts("Table Storage should use customer-managed key for encryption", [
    KEY_VAULT,
    when("encryption.services.table.keyType", "notEquals", "Account"),
  ]),
  "7c5a74bf-ae94-4a74-8fcf-644d1e0e6e6f": ofAccounts(
    "[Deprecated]: [Deprecated]: Require blob encryption for storage accounts",
    [when("enableBlobEncryption", "equals", "false")],
    { effects: ["Deny"], defaultEffect: "Deny" },
  ),
  "c36a325b-ae04-4863-ad4f-19c6678f8e08": ofAnything(
    "Configure your Storage account to enable blob versioning",
    {
      allOf: [
        when("type", "equals", "Microsoft.Storage/storageAccounts/blobServices"),
        {
          anyOf: [
            {
              allOf: [
                when("requestContext().apiVersion", "less", "2019-10-10"),
                when("isVersioningEnabled", "exists", "true"),
              ],
            },
            when("isVersioningEnabled", "equals", "false"),
          ],
        },
      ],
    },
    { mode: "All" },
  ),
  "bfecdea6-31c4-4045-ad42-71b9dc87247d": ofAnything(
    "Storage account encryption scopes should use double encryption for data at rest",
    {
      allOf: [
        when("type", "equals", "Microsoft.Storage/storageAccounts/encryptionScopes"),
        when("requireInfrastructureEncryption", "notEquals", "true"),
      ],
    },
    { mode: "All" },
  ),
  "37e0d2fe-28a5-43d6-a273-67d37d1f5606": ofAnything(
    "Storage accounts should be migrated to new Azure Resource Manager resources",
    when("type", "equals", "Microsoft.ClassicStorage/storageAccounts"),
    { mode: "All" },
  ),
};
