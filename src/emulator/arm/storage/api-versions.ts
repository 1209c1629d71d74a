/**
 * Which api-versions are known for which resource type: those that the official specifications (Azure/azure-rest-api-specs)
 * list as stable, and the previews among them that the Azure CLI sends. A call with another one is refused with the
 * list in the message, as Azure does.
 */

const STORAGE_2015 = ["2015-06-15", "2016-01-01", "2016-05-01", "2016-12-01", "2017-06-01", "2017-10-01"];
const STORAGE_2018 = [
  "2018-02-01",
  "2018-07-01",
  "2018-11-01",
  "2019-04-01",
  "2019-06-01",
  "2021-01-01",
  "2021-02-01",
  "2021-04-01",
  "2021-05-01",
  "2021-06-01",
  "2021-08-01",
  "2021-09-01",
  "2022-05-01",
  "2022-09-01",
  "2023-01-01",
  "2023-04-01",
  "2023-05-01",
  "2024-01-01",
  "2025-01-01",
  "2025-06-01",
  "2025-08-01",
  "2026-04-01",
  "2026-06-01",
  "2026-09-01",
];
const STORAGE = [...STORAGE_2015, ...STORAGE_2018];
const ROLES = ["2015-07-01", "2022-04-01"];
const ROLE_DEFINITIONS = ["2015-07-01", "2018-01-01-preview", "2022-04-01", "2022-05-01-preview"];
const ROLE_ASSIGNMENTS = ["2015-07-01", "2018-09-01-preview", "2020-04-01-preview", "2022-04-01", "2026-08-01"];
const LOCKS = ["2015-01-01", "2016-09-01", "2017-04-01", "2020-05-01"];
const FEDERATED = [
  "2022-01-31-preview",
  "2023-01-31",
  "2024-11-30",
  "2025-01-31-preview",
  "2025-05-31-preview",
  "2026-04-30",
  "2026-05-31",
];
const IDENTITIES = ["2018-11-30", ...FEDERATED];
const RESOURCES = [
  "2015-11-01",
  "2016-02-01",
  "2016-07-01",
  "2016-09-01",
  "2017-05-10",
  "2018-02-01",
  "2018-05-01",
  "2019-03-01",
  "2019-05-01",
  "2019-05-10",
  "2019-07-01",
  "2019-08-01",
  "2019-10-01",
  "2020-06-01",
  "2020-08-01",
  "2020-10-01",
  "2021-01-01",
  "2021-04-01",
  "2022-09-01",
  "2023-07-01",
  "2024-03-01",
  "2024-07-01",
  "2024-11-01",
  "2025-03-01",
  "2025-04-01",
];
const SUBSCRIPTIONS = [
  "2015-11-01",
  "2016-06-01",
  "2018-06-01",
  "2019-06-01",
  "2019-11-01",
  "2020-01-01",
  "2021-01-01",
  "2022-12-01",
];

/** Resource types that this service has, spelled as Azure spells them, with their api-versions, oldest first. */
export const API_VERSIONS: Readonly<Record<string, readonly string[]>> = {
  "Microsoft.Storage/storageAccounts": STORAGE,
  "Microsoft.Storage/storageAccounts/blobServices": STORAGE_2018,
  "Microsoft.Storage/storageAccounts/blobServices/containers": STORAGE_2018,
  "Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies": STORAGE_2018,
  "Microsoft.Storage/checkNameAvailability": STORAGE,
  "Microsoft.Storage/locations/usages": STORAGE_2018,
  "Microsoft.Storage/locations/asyncoperations": STORAGE,
  "Microsoft.Storage/operations": STORAGE,
  "Microsoft.Storage/skus": STORAGE.slice(STORAGE.indexOf("2017-06-01")),
  "Microsoft.Authorization/roleAssignments": ROLE_ASSIGNMENTS,
  "Microsoft.Authorization/roleDefinitions": ROLE_DEFINITIONS,
  "Microsoft.Authorization/permissions": ROLES,
  "Microsoft.Authorization/locks": LOCKS,
  "Microsoft.ManagedIdentity/userAssignedIdentities": IDENTITIES,
  "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials": FEDERATED,
  "Microsoft.Resources/resourceGroups": RESOURCES,
  "Microsoft.Resources/resources": RESOURCES,
  "Microsoft.Resources/providers": RESOURCES,
  "Microsoft.Resources/subscriptions": SUBSCRIPTIONS,
  "Microsoft.Resources/tenants": SUBSCRIPTIONS,
};
