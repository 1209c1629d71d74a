/**
 * The endpoints of an Azure cloud: one of the three that Microsoft runs, by name, or any other by a cloud file such as the
 * emulator's ready file. Azure clients get only these endpoints, so production and tests take the same path.
 */

import type { StorageApiVersion } from "../text/azure-api-versions.ts";
import { AZURE_LIMITS, type AzureLimits } from "../text/azure-limits.ts";

/** The endpoints and names of one cloud. URLs have no trailing slash. */
export interface Cloud {
  readonly name: string;
  readonly armEndpoint: string;
  /** Entra's address, without tenant. */
  readonly authorityHost: string;
  /** Scope of the controller's ARM tokens. */
  readonly armScope: string;
  /** What follows `<account>.blob.` in a blob endpoint; absent in a custom cloud that has only `blobEndpoint`. */
  readonly storageSuffix: string;
  /** A path-style blob endpoint, `<blobEndpoint>/<account>`, of the emulator; absent in a real cloud. */
  readonly blobEndpoint?: string;
  /** Of Microsoft.Storage, sent at first. */
  readonly storageApiVersion: StorageApiVersion;
  /** How many requests it allows; absent in a custom cloud that does not state it. */
  readonly requestLimits?: AzureLimits;
  /** A PEM file of authorities to trust besides the system's, for a custom cloud. */
  readonly caFile?: string;
  /** False for a custom cloud: Entra's instance discovery at the public authority does not know it. */
  readonly isPublicAuthority: boolean;
}

/**
 * The clouds by the value of `--cloud` (Azure documentation: national clouds, "Endpoints"). The public cloud's api-version is the
 * oldest that shows every property that is checked (backend/blob/shown-since.ts). US Government and China did not know it in
 * May 2026, and US Government listed 2025-06-01 as its newest (terraform-provider-azurerm 32402, 32301).
 */
export const CLOUDS = {
  AzurePublic: {
    name: "AzurePublic",
    armEndpoint: "https://management.azure.com",
    authorityHost: "https://login.microsoftonline.com",
    armScope: "https://management.azure.com/.default",
    storageSuffix: "core.windows.net",
    storageApiVersion: "2025-08-01",
    requestLimits: AZURE_LIMITS,
    isPublicAuthority: true,
  },
  AzureUSGovernment: {
    name: "AzureUSGovernment",
    armEndpoint: "https://management.usgovcloudapi.net",
    authorityHost: "https://login.microsoftonline.us",
    armScope: "https://management.usgovcloudapi.net/.default",
    storageSuffix: "core.usgovcloudapi.net",
    storageApiVersion: "2025-06-01",
    requestLimits: AZURE_LIMITS,
    isPublicAuthority: true,
  },
  AzureChina: {
    name: "AzureChina",
    armEndpoint: "https://management.chinacloudapi.cn",
    authorityHost: "https://login.chinacloudapi.cn",
    armScope: "https://management.chinacloudapi.cn/.default",
    storageSuffix: "core.chinacloudapi.cn",
    storageApiVersion: "2025-06-01",
    requestLimits: AZURE_LIMITS,
    isPublicAuthority: true,
  },
} as const satisfies Record<string, Cloud>;

/** Where an account's Blob service is. */
export function blobEndpointOf({ blobEndpoint, storageSuffix }: Cloud, account: string): string {
  return blobEndpoint === undefined ? `https://${account}.blob.${storageSuffix}` : `${blobEndpoint}/${account}`;
}

/** The content of a cloud file: what `emulator --ready-file` writes, as far as the controller reads it. */
export interface CloudFile {
  readonly armEndpoint: string;
  readonly authorityHost: string;
  readonly blobEndpoint: string;
  readonly caFile?: string | undefined;
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly location: string;
  readonly clusterId?: string | undefined;
  /** What the emulator enforces; absent: nothing is known of it, and calls are sent until the cloud asks to wait. */
  readonly requestLimits?: AzureLimits | undefined;
  /** The controller's own workload identity. */
  readonly controller?: { readonly clientId: string; readonly tokenFile: string } | undefined;
}

/** A custom cloud's endpoints. Its tokens for ARM carry the public cloud's audience, as the emulator's do. */
export function toCloud(file: CloudFile): Cloud {
  const { armScope, storageSuffix, storageApiVersion } = CLOUDS.AzurePublic;
  return {
    name: "custom",
    armEndpoint: asWritten(file.armEndpoint),
    authorityHost: asWritten(file.authorityHost),
    blobEndpoint: asWritten(file.blobEndpoint),
    armScope,
    storageSuffix,
    storageApiVersion,
    isPublicAuthority: false,
    ...(file.caFile === undefined ? {} : { caFile: file.caFile }),
    ...(file.requestLimits === undefined ? {} : { requestLimits: file.requestLimits }),
  };
}

/**
 * A URL as clients compare it: host in lower case, without the scheme's default port (RFC 3986 6.2.3) and without a slash
 * at the end. MSAL writes an authority like this and rejects the answers of one that is given with `:443`.
 */
function asWritten(url: string): string {
  return new URL(url).href.replace(/\/+$/, "");
}
