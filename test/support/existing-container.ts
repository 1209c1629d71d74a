// A storage account and a container that somebody else has made, beside those of the controller.
import assert from "node:assert/strict";
import type { Emulator } from "../../src/emulator/emulator.ts";

/** As `az storage account create` makes one with every way in without Entra turned off, in the controller's resource group. */
export function addAccount({ world, info }: Emulator, name: string, properties: Record<string, unknown> = {}) {
  const { subscriptionId, resourceGroup, location } = info;
  const id = `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/Microsoft.Storage/storageAccounts/${name}`;
  const closed = { allowSharedKeyAccess: false, allowBlobPublicAccess: false, isLocalUserEnabled: false };
  const account = {
    ...{ id, name, subscriptionId, resourceGroup, location, kind: "StorageV2" },
    sku: { name: "Standard_LRS", tier: "Standard" },
    tags: {} as Record<string, string>,
    properties: { ...closed, minimumTlsVersion: "TLS1_2", allowCrossTenantReplication: false, ...properties },
    ...{ blobService: {}, createdAt: 0, readyAt: 0 },
  };
  world.accounts.set(name, account);
  return account;
}

/** In an account that exists. Answers its ARM id. */
export function addContainer({ world }: Emulator, account: string, name: string): string {
  world.containers.set(`${account}/${name}`, {
    ...{ uid: `${account}/${name}`, account, name, metadata: {}, etag: "0x1", lastModified: 0, createdAt: 0 },
    lease: { state: "available" },
    ...{ publicAccess: "None", hasLegalHold: false, legalHoldTags: [] },
  });
  const { id } = world.accounts.get(account) ?? assert.fail(`no account ${account}`);
  return `${id}/blobServices/default/containers/${name}`;
}
