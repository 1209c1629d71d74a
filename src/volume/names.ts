/**
 * Names are an API: computed, never random, independent of the identity, so that a retry after a crash finds the same
 * things. test/unit/volume/names.test.ts pins every one; a change needs a new naming version and a migration note.
 */
import { createHash } from "node:crypto";
import { guid, resourceGroup as resourceGroupName } from "../text/azure-names.ts";
import { accepts } from "../text/values.ts";
import { accountId } from "./formats/arm-ids.ts";
import type { ContainerRef } from "./ports.ts";

/** Raised only together with a migration: a new version is a new set of accounts. */
export const NAMING_VERSION = 1;

/** Attempts 0 to 3: account names are global, so somebody else may hold one. */
export const ACCOUNT_NAME_ATTEMPTS = 4;

/** Namespace of every uuid v5 that we compute. Fixed for good. */
const UUID_NAMESPACE = "6b1f5dc2-6d5e-4f5c-9a0e-2c1d8f7b3a94";

/** GUID of the data-only role that workloads are granted by default; `keyless-csi roles` prints the definition. */
export const DATA_ROLE_ID = uuidV5("keyless-csi role blob-data v1");

const BASE32 = "abcdefghijklmnopqrstuvwxyz234567";

/** RFC 4648 base32 in lower case, without padding. */
export function base32(bytes: Uint8Array): string {
  let text = "";
  let bits = 0;
  let buffer = 0;
  for (const byte of bytes) {
    buffer = ((buffer << 8) | byte) & 0xffff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += BASE32.charAt((buffer >> bits) & 31);
    }
  }
  return bits > 0 ? text + BASE32.charAt((buffer << (5 - bits)) & 31) : text;
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text, "utf8").digest();
}

/** base32 of a SHA-256: 52 characters. */
export function hashOf(value: unknown): string {
  return base32(sha256(canonicalJson(value)));
}

/** JSON with sorted keys and without undefined values: equal values give equal text. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const entries = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(",")}}`;
}

/** RFC 9562 section 5.5, in our own namespace. */
export function uuidV5(name: string): string {
  const bytes = createHash("sha1")
    .update(Buffer.from(UUID_NAMESPACE.replaceAll("-", ""), "hex"))
    .update(name, "utf8")
    .digest()
    .subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** Which account of a pool takes the volume: 0 to poolSize - 1. */
export function shardOf(volumeName: string, poolSize: number): number {
  return sha256(volumeName).readUInt32BE(0) % poolSize;
}

/** What an account's name is made of; the same four values stand in its tags. */
export interface AccountNameParts {
  readonly clusterId: string;
  /** `hashOf` the pool key: everything that shapes the account, and for whom it is. */
  readonly pool: string;
  readonly shard: number;
  readonly attempt: number;
}

/** `kl` and 22 characters: 24 in all, Azure's maximum, with 110 bits against chance. */
export function accountName({ clusterId, pool, shard, attempt }: AccountNameParts): string {
  return `kl${hashOf([clusterId, pool, shard, attempt]).slice(0, 22)}`;
}

/** REST: storage account names. An account that an administrator has made need not have our form. */
const ACCOUNT_NAME = /^[a-z0-9]{3,24}$/;
/** What csi-provisioner calls a volume, and what we call the container of any other. */
const STRICT_CONTAINER_NAME = /^(pvc-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|v-[a-z2-7]{40})$/;
/** 3 to 63 characters, lower case, digits and single hyphens, alphanumeric at both ends (REST: naming containers). */
const CONTAINER_NAME = /^(?=.{3,50}$)[a-z0-9]+(-[a-z0-9]+)*$/;

/** The volume name itself where Azure allows it as a container name, so that people find it; else its hash. */
export function containerName(volumeName: string): string {
  if (CONTAINER_NAME.test(volumeName) && !volumeName.startsWith("v-")) return volumeName;
  return `v-${base32(sha256(volumeName)).slice(0, 40)}`;
}

/** In an administrator's account only names that nobody chooses by hand are ours: csi-provisioner's, else the hash. */
export function strictContainerName(volumeName: string): string {
  const name = containerName(volumeName);
  return isStrictContainerName(name) ? name : `v-${base32(sha256(volumeName)).slice(0, 40)}`;
}

/** Whether a container of this name in an administrator's account can be ours. */
export function isStrictContainerName(name: string): boolean {
  return STRICT_CONTAINER_NAME.test(name);
}

/** The name of the role assignment for this scope, principal and role (azure.md 4: the principal must be in it). */
export function roleAssignmentName(scope: string, principalId: string, roleId: string): string {
  return uuidV5([scope, principalId, roleId].join("|").toLowerCase());
}

/** ARM id of a container: the scope of its role assignments. */
export function containerId({ account, name }: ContainerRef): string {
  return `${accountId(account)}/blobServices/default/containers/${name}`;
}

/**
 * `rg#account#container###subscriptionId`: what the OSS blob node plugin parses (its parts four and five are a uuid and
 * a secret's namespace, which we never use). Longer than CSI's 128 bytes when the resource group's name has over 23
 * characters, as the plugin's own ids are; Kubernetes does not enforce that limit.
 */
export function volumeId({ account, name }: ContainerRef): string {
  return `${account.resourceGroup}#${account.name}#${name}###${account.subscriptionId}`;
}

/** The container behind a volume id, or undefined when it cannot be an id that we have given out. */
export function parseVolumeId(id: string): ContainerRef | undefined {
  const [resourceGroup = "", account = "", container = "", uuid, secretNamespace, subscriptionId = "", ...rest] =
    id.split("#");
  const isOurForm =
    rest.length === 0 &&
    uuid === "" &&
    secretNamespace === "" &&
    accepts(resourceGroupName, resourceGroup) &&
    ACCOUNT_NAME.test(account) &&
    CONTAINER_NAME.test(container) &&
    accepts(guid, subscriptionId);
  return isOurForm ? { account: { subscriptionId, resourceGroup, name: account }, name: container } : undefined;
}
