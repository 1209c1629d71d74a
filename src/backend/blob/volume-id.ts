/**
 * The volume id, `rg#account#container###subscriptionId`: what the OSS blob node plugin parses. Its parts four and five are
 * a uuid and a secret's namespace, which this driver never uses. Longer than CSI's 128 bytes when the resource group's name
 * has over 23 characters, as the plugin's own ids are; Kubernetes does not enforce that limit.
 */
import { guid, resourceGroup as resourceGroupName, storageAccount } from "../../text/azure-names.ts";
import { accepts } from "../../text/values.ts";
import { hashOf, isFileSystemName } from "../../volume/names.ts";
import type { FileSystemRef } from "../../volume/ports.ts";

export function toVolumeId({ account, name }: FileSystemRef): string {
  return `${account.resourceGroup}#${account.name}#${name}###${account.subscriptionId}`;
}

/**
 * `account-hash_container`: close to Microsoft's form for volumes that are written by hand. Without a '#' this driver's DeleteVolume
 * and that of blob.csi.azure.com succeed and delete nothing. The hash, of the PersistentVolume's name, keeps two volumes of one
 * container apart: the kubelet takes equal handles for one volume. It is no word of its own, which could be taken for a container's
 * name (references.ts); the attributes say account and container.
 */
export function toStaticHandle({ account, name }: FileSystemRef, volumeName: string): string {
  return `${account.name}-${hashOf(volumeName).slice(0, 8)}_${name}`;
}

/** The container behind a volume id, or undefined when it cannot be an id that this controller has given out. */
export function parseVolumeId(id: string): FileSystemRef | undefined {
  const [resourceGroup = "", account = "", container = "", uuid, secretNamespace, subscriptionId = "", ...rest] =
    id.split("#");
  const isOurForm =
    rest.length === 0 &&
    uuid === "" &&
    secretNamespace === "" &&
    accepts(resourceGroupName, resourceGroup) &&
    accepts(storageAccount, account) &&
    isFileSystemName(container) &&
    accepts(guid, subscriptionId);
  return isOurForm ? { account: { subscriptionId, resourceGroup, name: account }, name: container } : undefined;
}

/**
 * What the node plugin reads in any handle of at least three parts, also of an id that this driver never gives out; a part may
 * be `""`. Undefined for a handle that it cannot read. Source: blob-csi-driver v1.27, GetContainerInfo in pkg/blob/blob.go.
 */
export function readHandle(handle: string): { readonly account: string; readonly container: string } | undefined {
  const [, account, container] = handle.split("#");
  return account === undefined || container === undefined ? undefined : { account, container };
}
