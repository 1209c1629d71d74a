/**
 * The volume context: what the OSS blob node plugin needs to mount with the workload's own token, and nothing else. The
 * key names are the plugin's (contract.md 1); it compares them without case.
 */
import { mountEntriesOf } from "../../volume/class/volume-class.ts";
import type { Settings } from "../../volume/ports.ts";
import type { ProvisionedVolume } from "../backend.ts";
import { type BlobClass, PARAMETERS } from "./parameters.ts";

/** Key and meaning of each entry, for the reference page; a test compares it with what CreateVolume answers. */
export const CONTEXT_KEYS = {
  mountWithWorkloadIdentityToken: 'always `"true"`: mount with the pod\'s ServiceAccount token, never with a key',
  clientID: "client id of the identity that opens the volume",
  tenantID: "tenant of that identity",
  storageaccount: "name of the storage account",
  containerName: "name of the container",
  resourcegroup: "resource group of the account",
  subscriptionid: "subscription of the account",
  protocol: "`fuse2`: blobfuse2",
  isHnsEnabled: "`true` when the account has a hierarchical namespace",
  BlobStorageAccountType:
    "`adls` when the account has a hierarchical namespace, else `block`: blobfuse2 need not ask for it at each mount",
  storageEndpointSuffix: "from the class, or the cloud's when it is not the public one",
  server: "from the class: host name of the blob endpoint",
  AzureStorageAADEndpoint: "Entra's endpoint in Azure Government and China",
} as const;

export type BlobVolumeContext = Partial<Record<keyof typeof CONTEXT_KEYS, string>>;

/** The account itself decides its kind, not what the class says: an administrator's account may be of either kind. */
export function volumeContext(
  { account: { isHnsEnabled }, fileSystem, identity, volumeClass }: ProvisionedVolume<BlobClass>,
  { storageEndpointSuffix, aadEndpoint }: Settings,
): BlobVolumeContext {
  return {
    mountWithWorkloadIdentityToken: "true",
    ...(identity && { clientID: identity.clientId, tenantID: identity.tenantId }),
    storageaccount: fileSystem.account.name,
    containerName: fileSystem.name,
    resourcegroup: fileSystem.account.resourceGroup,
    subscriptionid: fileSystem.account.subscriptionId,
    ...(isHnsEnabled && { isHnsEnabled: "true" }),
    BlobStorageAccountType: isHnsEnabled ? "adls" : "block",
    ...(storageEndpointSuffix !== undefined && { storageEndpointSuffix }),
    ...(aadEndpoint !== undefined && { AzureStorageAADEndpoint: aadEndpoint }),
    ...mountEntriesOf(PARAMETERS, volumeClass),
  };
}
