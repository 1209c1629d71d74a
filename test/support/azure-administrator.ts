// What an administrator does in Azure beside the controller, with Azure's own SDKs: trust ServiceAccounts, prepare an
// account, remove a role assignment. It signs in as the application in the emulator's ready file that owns the subscription.
import { randomUUID } from "node:crypto";
import { AuthorizationManagementClient } from "@azure/arm-authorization";
import { ManagedServiceIdentityClient } from "@azure/arm-msi";
import { StorageManagementClient } from "@azure/arm-storage";
import { ClientSecretCredential } from "@azure/identity";
import type { ReadyFile } from "./emulator-admin.ts";

export const AUDIENCE = "api://AzureADTokenExchange";

export interface AzureAdministrator {
  /** Makes the identity with this index trust a ServiceAccount of a cluster: `az identity federated-credential create`. */
  trust(index: number, issuer: string, namespace: string, serviceAccount: string): Promise<void>;
  /** Creates a keyless account whose tag gives it to a cluster, as docs/how-to/platform-teams.md says. */
  createAccount(name: string, clusterId: string): Promise<void>;
  /** Turns shared keys of an account in the default resource group on or off: `az storage account update`. */
  allowSharedKeys(account: string, isAllowed: boolean): Promise<void>;
  /** `az tag update --operation replace`, or Terraform with `tags =`. */
  replaceTags(account: string, tags: Readonly<Record<string, string>>): Promise<void>;
  /** Replaces the metadata of a container. */
  setMetadata(account: string, container: string, metadata: Readonly<Record<string, string>>): Promise<void>;
  /** `az storage container-rm create`. */
  createContainer(account: string, container: string): Promise<void>;
  /** `az storage container-rm delete`. */
  removeContainer(account: string, container: string): Promise<void>;
  /** `az role assignment create`, for a user. */
  assignRole(scope: string, roleId: string, principalId: string): Promise<void>;
  /** `az role assignment delete`. */
  removeRoleAssignment(scope: string, name: string): Promise<void>;
}

/** This process must already trust the emulator's CA. */
export function azureAdministrator(ready: ReadyFile): AzureAdministrator {
  const { tenantId, subscriptionId, resourceGroup, location, administrator, authorityHost, armEndpoint } = ready;
  const { clientId, clientSecret } = administrator;
  const credential = new ClientSecretCredential(tenantId, clientId, clientSecret, {
    authorityHost,
    disableInstanceDiscovery: true,
  });
  const options = { endpoint: armEndpoint };
  const identities = new ManagedServiceIdentityClient(credential, subscriptionId, options);
  const storage = new StorageManagementClient(credential, subscriptionId, options);
  const authorization = new AuthorizationManagementClient(credential, subscriptionId, options);
  return {
    async trust(index, issuer, namespace, serviceAccount) {
      const [group = "", identity = ""] = [4, 8].map((at) => ready.identities[index]?.resourceId.split("/")[at]);
      const subject = `system:serviceaccount:${namespace}:${serviceAccount}`;
      const body = { issuer, subject, audiences: [AUDIENCE] };
      const name = `${namespace}-${serviceAccount}`;
      await identities.federatedIdentityCredentials.createOrUpdate(group, identity, name, body);
    },
    async createAccount(name, clusterId) {
      await storage.storageAccounts.create(resourceGroup, name, {
        location,
        kind: "StorageV2",
        sku: { name: "Standard_LRS" },
        tags: { "keyless-csi.cluster": clusterId },
        allowSharedKeyAccess: false,
        allowBlobPublicAccess: false,
        isLocalUserEnabled: false,
      });
    },
    async allowSharedKeys(account, isAllowed) {
      await storage.storageAccounts.update(resourceGroup, account, { allowSharedKeyAccess: isAllowed });
    },
    async replaceTags(account, tags) {
      await storage.storageAccounts.update(resourceGroup, account, { tags });
    },
    async setMetadata(account, container, metadata) {
      await storage.blobContainers.update(resourceGroup, account, container, { metadata });
    },
    async createContainer(account, container) {
      await storage.blobContainers.create(resourceGroup, account, container, {});
    },
    async removeContainer(account, container) {
      await storage.blobContainers.delete(resourceGroup, account, container);
    },
    async assignRole(scope, roleId, principalId) {
      const roleDefinitionId = `/subscriptions/${subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${roleId}`;
      const body = { roleDefinitionId, principalId, principalType: "User" };
      await authorization.roleAssignments.create(scope.replace(/^\//, ""), randomUUID(), body);
    },
    async removeRoleAssignment(scope, name) {
      await authorization.roleAssignments.delete(scope.replace(/^\//, ""), name);
    },
  };
}
