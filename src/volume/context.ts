/**
 * The volume context: what the OSS blob node plugin needs to mount with the workload's own token, and nothing else. The
 * key names are the plugin's (contract.md 1); it compares them without case.
 */
import type { Account, ContainerRef, Settings, WorkloadIdentity } from "./ports.ts";
import type { VolumeClass } from "./volume-class.ts";

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

export type VolumeContext = Partial<Record<keyof typeof CONTEXT_KEYS, string>>;

/** What was found or made for the volume. */
interface Made {
  readonly account: Account;
  readonly container: ContainerRef;
  /** Without one (its claim is gone) the context cannot be mounted, which nobody will do. */
  readonly identity: WorkloadIdentity | undefined;
}

/** What the account is decides, not what the class says of it: an administrator's account may be of either kind. */
export function volumeContext(
  { account: { isHnsEnabled }, container, identity }: Made,
  volumeClass: VolumeClass,
  { storageEndpointSuffix, aadEndpoint }: Settings,
): VolumeContext {
  return {
    mountWithWorkloadIdentityToken: "true",
    ...(identity && { clientID: identity.clientId, tenantID: identity.tenantId }),
    storageaccount: container.account.name,
    containerName: container.name,
    resourcegroup: container.account.resourceGroup,
    subscriptionid: container.account.subscriptionId,
    ...(isHnsEnabled && { isHnsEnabled: "true" }),
    BlobStorageAccountType: isHnsEnabled ? "adls" : "block",
    ...(storageEndpointSuffix !== undefined && { storageEndpointSuffix }),
    ...(aadEndpoint !== undefined && { AzureStorageAADEndpoint: aadEndpoint }),
    ...volumeClass.mount,
  };
}
