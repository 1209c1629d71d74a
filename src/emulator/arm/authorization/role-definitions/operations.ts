/**
 * The operations that custom roles may name, of the providers whose resources the emulator holds (Azure RBAC, "Azure permissions
 * for Storage", "... for Identity" and "Azure resource provider operations", Microsoft.Authorization). A line is a resource
 * type and its verbs: `read`, `write`, `delete`, and every other one for `<verb>/action`.
 */
import { ownValue } from "../../../json.ts";

/** The half of a permission in which an operation may stand. */
export type Plane = "actions" | "dataActions";

const DIAGNOSTICS = `
  providers/Microsoft.Insights/diagnosticSettings: read write
  providers/Microsoft.Insights/metricDefinitions: read`;

const SERVICE_DIAGNOSTICS = `${DIAGNOSTICS}
  providers/Microsoft.Insights/logDefinitions: read`;

const STORAGE_ACCOUNT = `
  : read write delete listkeys regeneratekey rotateKey revokeUserDelegationKeys joinPerimeter listAccountSas listServiceSas
  : updateAutoRotateUserKeys updateAccountContainerHoldingPeriod updateInternalProperties consumerDataShare hnsonmigration
  : networkSecurityPerimeterConfigurations restoreBlobRanges PrivateEndpointConnectionsApproval failover
  accountLocks: read write delete deleteLock
  accountMigrations: read write
  advancedPlatformMetrics: read write delete
  blobServices: read write generateUserDelegationKey getInfo
  blobServices/containers: read write delete migrate setAcl getAcl lease clearLegalHold setLegalHold
  blobServices/containers/immutabilityPolicies: read write delete extend lock
  connectors: read write delete testExistingConnection
  consumerDataSharePolicies: read write
  dataSharePolicies: read write delete
  dataShares: read write delete
  encryptionScopes: read write
  encryptionScopes/hoboConfigurations: read write
  fileServices: read write generateUserDelegationKey
  fileServices/shares: read write delete lease restore revert
  fileServices/usages: read
  hoboConfigurations: read write
  inventoryPolicies: read write delete
  localusers: read write delete regeneratePassword listKeys regenerateSharedKey
  managementPolicies: read write delete
  networkSecurityPerimeterAssociationProxies: read write delete
  networkSecurityPerimeterConfigurations: read
  objectReplicationPolicies: read write delete
  objectReplicationPolicies/restorePointMarkers: write
  privateEndpointConnectionProxies: read write delete updatePrivateEndpointProperties
  privateEndpointConnections: read write delete
  privateEndpoints: move
  privateLinkResources: read
  queueServices: read write generateUserDelegationKey
  queueServices/queues: read write delete setAcl getAcl
  reports: read
  restorePoints: read delete
  services/diagnosticSettings: write
  storageTaskAssignments: read write delete
  storageTaskAssignments/reports: read
  tableServices: read write generateUserDelegationKey
  tableServices/tables: read write delete setAcl getAcl${DIAGNOSTICS}`;

const STORAGE = `
  : register unregister
  checknameavailability: read
  deletedAccounts: read
  locations: deleteVirtualNetworkOrSubnets notifyNetworkSecurityPerimeterUpdatesAvailable previewActions
  locations/ActionsRPOperationStatuses: read write
  locations/checknameavailability: read
  locations/DataManagementRPOperationStatuses: read write
  locations/usages: read
  operations: read
  resilienciesProgressions: read
  skus: read
  storageTasks: read write delete promote
  storageTasks/reports: read
  storageTasks/storageTaskAssignments: read
  storageTasks/versions: read
  usages: read`;

const STORAGE_DATA = `
  blobServices/containers/blobs: read write delete deleteBlobVersion permanentDelete add filter move manageOwnership
  blobServices/containers/blobs: modifyPermissions runAsSuperUser
  blobServices/containers/blobs/immutableStorage: runAsSuperUser
  blobServices/containers/blobs/tags: read write
  fileServices: readFileBackupSemantics writeFileBackupSemantics takeOwnership runAsBuiltInFileAdministrator
  fileServices/fileshares/files: read write delete modifypermissions actassuperuser bypasspermissions
  queueServices/queues/messages: read write delete add process
  tableServices/tables/entities: read write delete add update`;

const IDENTITY = `
  : register
  identities: read
  operations: read
  userAssignedIdentities: read write delete assign listAssociatedResources revokeTokens
  userAssignedIdentities/federatedIdentityCredentials: read write delete`;

const PRIVATE_LINKS = "policyAssignments/resourceManagementPrivateLinks";
const AUTHORIZATION = `
  : elevateAccess checkAccess
  classicAdministrators: read write delete
  classicAdministrators/operationstatuses: read
  denyAssignments: read write delete
  diagnosticSettings: read write delete
  diagnosticSettingsCategories: read
  locks: read write delete
  operations: read
  permissions: read
  policies: audit auditIfNotExists deny deployIfNotExists
  policyAssignments: read write delete exempt
  policyAssignments/privateLinkAssociations: read write delete
  ${PRIVATE_LINKS}: read write delete
  ${PRIVATE_LINKS}/privateEndpointConnectionProxies: read write delete validate
  ${PRIVATE_LINKS}/privateEndpointConnections: read write delete
  policyDefinitions: read write delete
  policyExemptions: read write delete
  policySetDefinitions: read write delete
  providerOperations: read
  roleAssignments: read write delete
  roleAssignmentScheduleInstances: read
  roleAssignmentScheduleRequests: read write cancel
  roleAssignmentSchedules: read
  roleDefinitions: read write delete
  roleEligibilityScheduleInstances: read
  roleEligibilityScheduleRequests: read write cancel
  roleEligibilitySchedules: read
  roleManagementPolicies: read write
  roleManagementPolicyAssignments: read`;

const ACCOUNTS = "Microsoft.Storage/storageAccounts";
const SERVICES = ["blobServices", "fileServices", "queueServices", "tableServices"];

/** By their providers, in lower case. */
const OPERATIONS: Readonly<Record<string, Readonly<Record<Plane, readonly string[]>>>> = {
  "microsoft.storage": {
    actions: [
      ...parse("Microsoft.Storage", STORAGE),
      ...parse(ACCOUNTS, STORAGE_ACCOUNT),
      ...SERVICES.flatMap((service) => parse(`${ACCOUNTS}/${service}`, SERVICE_DIAGNOSTICS)),
    ],
    dataActions: parse(ACCOUNTS, STORAGE_DATA),
  },
  "microsoft.managedidentity": { actions: parse("Microsoft.ManagedIdentity", IDENTITY), dataActions: [] },
  "microsoft.authorization": { actions: parse("Microsoft.Authorization", AUTHORIZATION), dataActions: [] },
};

/** The operations of a provider, or undefined for one whose operations are not listed here. */
export function operationsOf(provider: string, plane: Plane): readonly string[] | undefined {
  return ownValue(OPERATIONS, provider.toLowerCase())?.[plane];
}

/** Of all providers that are listed here, for a pattern that names none. */
export function allOperations(plane: Plane): readonly string[] {
  return Object.values(OPERATIONS).flatMap((provider) => provider[plane]);
}

function parse(prefix: string, lines: string): string[] {
  return lines
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .flatMap((line) => {
      const [type = "", verbs = ""] = line.split(":");
      const path = type === "" ? prefix : `${prefix}/${type}`;
      return verbs
        .split(" ")
        .filter((verb) => verb !== "")
        .map((verb) => `${path}/${["read", "write", "delete"].includes(verb) ? verb : `${verb}/action`}`);
    });
}
