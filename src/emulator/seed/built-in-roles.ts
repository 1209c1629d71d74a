/**
 * Azure's built-in roles that matter for keyless storage, as Microsoft publishes them (azure-docs
 * role-based-access-control/built-in-roles: privileged, general, storage and identity, 07/2026).
 */
import type { RoleDefinition } from "../world.ts";

interface BuiltIn {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly actions: string;
  readonly notActions?: string;
  readonly dataActions?: string;
}

const BLOB = "Microsoft.Storage/storageAccounts/blobServices";
const DELEGATION_KEY = `${BLOB}/generateUserDelegationKey/action`;
const RESOURCE_ROLE =
  "Microsoft.Authorization/*/read Microsoft.Insights/alertRules/* " +
  "Microsoft.Resources/subscriptions/resourceGroups/read Microsoft.Resources/deployments/* Microsoft.Support/*";
const IDENTITY = "Microsoft.ManagedIdentity/userAssignedIdentities";

const PRIVILEGED: readonly BuiltIn[] = [
  {
    id: "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
    name: "Owner",
    description: "Grants full access to manage all resources, including the ability to assign roles in Azure RBAC.",
    actions: "*",
  },
  {
    id: "b24988ac-6180-42a0-ab88-20f7382dd24c",
    name: "Contributor",
    description:
      "Grants full access to manage all resources, but does not allow you to assign roles in Azure RBAC, " +
      "manage assignments in Azure Blueprints, or share image galleries.",
    actions: "*",
    notActions:
      "Microsoft.Authorization/*/Delete Microsoft.Authorization/*/Write Microsoft.Authorization/elevateAccess/Action " +
      "Microsoft.Blueprint/blueprintAssignments/write Microsoft.Blueprint/blueprintAssignments/delete " +
      "Microsoft.Compute/galleries/share/action Microsoft.Purview/consents/write Microsoft.Purview/consents/delete " +
      "Microsoft.Resources/deploymentStacks/manageDenySetting/action Microsoft.Subscription/cancel/action " +
      "Microsoft.Subscription/enable/action",
  },
  {
    id: "acdd72a7-3385-48ef-bd42-f606fba81ae7",
    name: "Reader",
    description: "View all resources, but does not allow you to make any changes.",
    actions: "*/read",
  },
  {
    id: "f58310d9-a9f6-439a-9e8d-f62e7b41a168",
    name: "Role Based Access Control Administrator",
    description:
      "Manage access to Azure resources by assigning roles using Azure RBAC. This role does not allow you to " +
      "manage access using other ways, such as Azure Policy.",
    actions:
      "Microsoft.Authorization/roleAssignments/write Microsoft.Authorization/roleAssignments/delete */read " +
      "Microsoft.Support/*",
  },
  {
    id: "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
    name: "User Access Administrator",
    description: "Lets you manage user access to Azure resources.",
    actions: "*/read Microsoft.Authorization/* Microsoft.Support/*",
  },
];

const STORAGE: readonly BuiltIn[] = [
  {
    id: "17d1049b-9a84-46fb-8f53-869881c3d3ab",
    name: "Storage Account Contributor",
    description:
      "Lets you manage storage accounts, including accessing storage account keys which provide full access to " +
      "storage account data.",
    actions:
      "Microsoft.Authorization/*/read Microsoft.Insights/alertRules/* Microsoft.Insights/diagnosticSettings/* " +
      "Microsoft.Network/virtualNetworks/subnets/joinViaServiceEndpoint/action " +
      "Microsoft.ResourceHealth/availabilityStatuses/read Microsoft.Resources/deployments/* " +
      "Microsoft.Resources/subscriptions/resourceGroups/read Microsoft.Storage/storageAccounts/* Microsoft.Support/*",
  },
  {
    id: "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    name: "Storage Blob Data Contributor",
    description: "Allows for read, write and delete access to Azure Storage blob containers and data",
    actions: `${BLOB}/containers/delete ${BLOB}/containers/read ${BLOB}/containers/write ${DELEGATION_KEY}`,
    dataActions:
      `${BLOB}/containers/blobs/delete ${BLOB}/containers/blobs/read ${BLOB}/containers/blobs/write ` +
      `${BLOB}/containers/blobs/move/action ${BLOB}/containers/blobs/add/action`,
  },
  {
    id: "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
    name: "Storage Blob Data Owner",
    description:
      "Allows for full access to Azure Storage blob containers and data, including assigning POSIX access control.",
    actions: `${BLOB}/containers/* ${DELEGATION_KEY}`,
    dataActions: `${BLOB}/containers/blobs/*`,
  },
  {
    id: "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
    name: "Storage Blob Data Reader",
    description: "Allows for read access to Azure Storage blob containers and data",
    actions: `${BLOB}/containers/read ${DELEGATION_KEY}`,
    dataActions: `${BLOB}/containers/blobs/read`,
  },
  {
    id: "db58b8e5-c6ad-4a2a-8342-4190687cbf4a",
    name: "Storage Blob Delegator",
    description: "Allows for generation of a user delegation key which can be used to sign SAS tokens",
    actions: DELEGATION_KEY,
  },
];

const IDENTITIES: readonly BuiltIn[] = [
  {
    id: "e40ec5ca-96e0-45a2-b4ff-59039f2c2b59",
    name: "Managed Identity Contributor",
    description: "Create, Read, Update, and Delete User Assigned Identity",
    actions:
      `${IDENTITY}/read ${IDENTITY}/write ${IDENTITY}/delete ${IDENTITY}/federatedIdentityCredentials/read ` +
      `${IDENTITY}/federatedIdentityCredentials/write ${IDENTITY}/federatedIdentityCredentials/delete ` +
      `${IDENTITY}/revokeTokens/action ${RESOURCE_ROLE}`,
  },
  {
    id: "f1a07417-d97a-45cb-824c-7a7467783830",
    name: "Managed Identity Operator",
    description: "Read and Assign User Assigned Identity",
    actions: `${IDENTITY}/*/read ${IDENTITY}/*/assign/action ${RESOURCE_ROLE}`,
  },
];

/** The built-in roles, new objects each time, so that two worlds share nothing. */
export function builtInRoles(): RoleDefinition[] {
  return [...PRIVILEGED, ...STORAGE, ...IDENTITIES].map((role) => ({
    name: role.id,
    roleName: role.name,
    description: role.description,
    type: "BuiltInRole",
    assignableScopes: ["/"],
    permissions: [
      {
        actions: words(role.actions),
        notActions: words(role.notActions),
        dataActions: words(role.dataActions),
        notDataActions: [],
      },
    ],
  }));
}

function words(text: string | undefined): string[] {
  return text === undefined ? [] : text.split(" ");
}
