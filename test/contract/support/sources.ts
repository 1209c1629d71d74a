// Where Microsoft documents what the contract states: one name for each page, so that a failing sentence can print it.

const LEARN = "https://learn.microsoft.com";
const STORAGE_PROVIDER = `${LEARN}/rest/api/storagerp`;
const STORAGE = `${LEARN}/rest/api/storageservices`;
const AUTHORIZATION = `${LEARN}/rest/api/authorization`;
const RBAC = `${LEARN}/azure/role-based-access-control`;

/** Addresses of documents, by what they are about. */
export const SOURCES = {
  armCommon: "https://github.com/Azure/azure-resource-manager-rpc/blob/master/v1.0/common-api-details.md",
  armErrors: `${LEARN}/azure/azure-resource-manager/troubleshooting/common-deployment-errors`,
  armThrottling: `${LEARN}/azure/azure-resource-manager/management/request-limits-and-throttling`,
  armLocks: `${LEARN}/azure/azure-resource-manager/management/lock-resources`,
  armTags: `${LEARN}/azure/azure-resource-manager/management/tag-resources`,

  accountCreate: `${STORAGE_PROVIDER}/storage-accounts/create`,
  accountUpdate: `${STORAGE_PROVIDER}/storage-accounts/update`,
  accountDelete: `${STORAGE_PROVIDER}/storage-accounts/delete`,
  accountGet: `${STORAGE_PROVIDER}/storage-accounts/get-properties`,
  accountList: `${STORAGE_PROVIDER}/storage-accounts/list-by-resource-group`,
  accountNameCheck: `${STORAGE_PROVIDER}/storage-accounts/check-name-availability`,
  accountUsages: `${STORAGE_PROVIDER}/usages/list-by-location`,
  accountErrors: `${STORAGE_PROVIDER}/srp_error_codes_create_storage_account`,
  accountErrorsCommon: `${STORAGE_PROVIDER}/srp_error_codes_common`,
  accountFixedProperties: "https://github.com/Azure/azure-rest-api-specs/issues/18441",
  accountThrottling: `${LEARN}/azure/storage/common/scalability-targets-resource-provider`,
  sharedKeyPrevention: `${LEARN}/azure/storage/common/shared-key-authorization-prevent`,
  blobServiceSet: `${STORAGE_PROVIDER}/blob-services/set-service-properties`,

  containerCreate: `${STORAGE_PROVIDER}/blob-containers/create`,
  containerUpdate: `${STORAGE_PROVIDER}/blob-containers/update`,
  containerGet: `${STORAGE_PROVIDER}/blob-containers/get`,
  containerDelete: `${STORAGE_PROVIDER}/blob-containers/delete`,
  containerList: `${STORAGE_PROVIDER}/blob-containers/list`,
  containerLease: `${STORAGE_PROVIDER}/blob-containers/lease`,
  containerHold: `${STORAGE_PROVIDER}/blob-containers/set-legal-hold`,
  containerNames: `${STORAGE}/naming-and-referencing-containers--blobs--and-metadata`,
  containerDeleteBlob: `${STORAGE}/delete-container`,

  assignmentCreate: `${AUTHORIZATION}/role-assignments/create`,
  assignmentGet: `${AUTHORIZATION}/role-assignments/get`,
  assignmentDelete: `${AUTHORIZATION}/role-assignments/delete`,
  assignmentList: `${AUTHORIZATION}/role-assignments/list-for-scope`,
  definitionGet: `${AUTHORIZATION}/role-definitions/get`,
  definitionCreate: `${AUTHORIZATION}/role-definitions/create-or-update`,
  definitionDelete: `${AUTHORIZATION}/role-definitions/delete`,
  definitionList: `${AUTHORIZATION}/role-definitions/list`,
  builtInRoles: `${RBAC}/built-in-roles/storage`,
  rbacTroubleshooting: `${RBAC}/troubleshooting`,
  rbacLimits: `${RBAC}/troubleshoot-limits`,
  rbacTemplate: `${RBAC}/role-assignments-template`,
  rbacDelegation: `${RBAC}/delegate-role-assignments-examples`,
  rbacConditionFormat: `${RBAC}/conditions-format`,
  rbacScopes: `${RBAC}/scope-overview`,
  orphanedGrants: "https://github.com/Azure/azure-powershell/issues/25375",

  identityGet: `${LEARN}/rest/api/managedidentity/user-assigned-identities/get`,
  identityCreate: `${LEARN}/rest/api/managedidentity/user-assigned-identities/create-or-update`,
  identityDelete: `${LEARN}/rest/api/managedidentity/user-assigned-identities/delete`,
  identityList: `${LEARN}/rest/api/managedidentity/user-assigned-identities/list-by-subscription`,
  federationCreate: `${LEARN}/rest/api/managedidentity/federated-identity-credentials/create-or-update`,
  federationList: `${LEARN}/rest/api/managedidentity/federated-identity-credentials/list`,
  federationDelete: `${LEARN}/rest/api/managedidentity/federated-identity-credentials/delete`,
  federationLimits: `${LEARN}/entra/workload-id/workload-identity-federation-considerations`,

  tokenExchange: `${LEARN}/entra/identity-platform/v2-oauth2-client-creds-grant-flow`,
  entraChanges: `${LEARN}/entra/identity-platform/reference-breaking-changes`,
  entraCodes: `${LEARN}/entra/identity-platform/reference-error-codes`,

  blobAuthorization: `${STORAGE}/authorize-with-azure-active-directory`,
  blobErrorsCommon: `${STORAGE}/common-rest-api-error-codes`,
  blobErrors: `${STORAGE}/blob-service-error-codes`,
  blobConditions: `${STORAGE}/specifying-conditional-headers-for-blob-service-operations`,
  blobPut: `${STORAGE}/put-blob`,
  blobPutBlockList: `${STORAGE}/put-block-list`,
  blobMetadata: `${STORAGE}/set-blob-metadata`,
  blobDelete: `${STORAGE}/delete-blob`,
  blobLease: `${STORAGE}/lease-blob`,
  blobList: `${STORAGE}/list-blobs`,
  blobHierarchy: `${LEARN}/azure/storage/blobs/data-lake-storage-known-issues`,
  dataLakePath: `${STORAGE}/datalakestoragegen2/path`,
  blobRange: `${STORAGE}/specifying-the-range-header-for-blob-service-operations`,
  blobVersioning: `${STORAGE}/versioning-for-the-azure-storage-services`,
  blobPublicAccess: `${LEARN}/azure/storage/blobs/anonymous-read-access-prevent`,
  containerCreateBlob: `${STORAGE}/create-container`,
  containerLeaseBlob: `${STORAGE}/lease-container`,
  containerPropertiesBlob: `${STORAGE}/get-container-properties`,
} as const;
