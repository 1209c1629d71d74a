/**
 * Names are an API: computed, never random, independent of the identity, so that a retry after a crash finds the same
 * things. test/unit/volume/names.test.ts pins every one; a change needs a new naming version and a migration note.
 */
import { createHash } from "node:crypto";
import { remembering } from "../concurrency/remembered.ts";

/** Raised only together with a migration: a new version is a new set of accounts. */
export const NAMING_VERSION = 1;

/** Attempts 0 to 3: account names are global, so somebody else may hold one. */
export const ACCOUNT_NAME_ATTEMPTS = 4;

/** Namespace of every uuid v5 that we compute, but those that an ARM template has to compute too. Fixed for good. */
const UUID_NAMESPACE = "6b1f5dc2-6d5e-4f5c-9a0e-2c1d8f7b3a94";

/** Of ARM's template function `guid()`: Azure Resource Manager, "String functions for Bicep", guid. */
const ARM_NAMESPACE = "11fb06fb-712d-4ddd-98c7-e71bbd588830";

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

/** What `guid()` of an ARM template answers for these texts: a uuid v5 of them, with a dash between each two. */
export function armGuid(...texts: readonly string[]): string {
  return uuidV5(texts.join("-"), ARM_NAMESPACE);
}

/** RFC 9562 section 5.5, in our own namespace. */
export function uuidV5(name: string, namespace = UUID_NAMESPACE): string {
  const bytes = createHash("sha1")
    .update(Buffer.from(namespace.replaceAll("-", ""), "hex"))
    .update(name, "utf8")
    .digest()
    .subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** Which account of a pool takes the volume: 0 to poolSize - 1. */
export function shardOf(volumeName: string, poolSize: number): number {
  if (poolSize === 1) return 0;
  return sha256(volumeName).readUInt32BE(0) % poolSize;
}

/** What an account's name is computed from; the same four values stand in its tags. */
export interface AccountNameSource {
  readonly clusterId: string;
  /** `hashOf` the pool key: everything that shapes the account, and who may share it. */
  readonly pool: string;
  readonly shard: number;
  readonly attempt: number;
}

/** `kl` and 22 characters: 24 in all, Azure's maximum, with 110 bits against chance. */
export function accountName({ clusterId, pool, shard, attempt }: AccountNameSource): string {
  return accountNameOf(canonicalJson([clusterId, pool, shard, attempt]));
}

/** Asked for several times for each volume: to choose its account, and to recognise it. */
const accountNameOf = remembering((source) => `kl${base32(sha256(source)).slice(0, 22)}`);

/** Whether an account's name has this driver's form: only then can it be the hash of anything. */
export function isAccountName(name: string): boolean {
  return /^kl[a-z2-7]{22}$/.test(name);
}

/** What csi-provisioner calls a volume, and our name for the file system of any other. */
const STRICT_NAME = /^(pvc-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|v-[a-z2-7]{40})$/;
/**
 * Lower case, digits and single hyphens, alphanumeric at both ends: what Azure allows for containers and shares (REST:
 * naming containers, naming shares). Azure allows 63 characters; 50 keep a volume id short.
 */
const NAME = /^(?=.{3,50}$)[a-z0-9]+(-[a-z0-9]+)*$/;

/** Whether one of our file systems can have this name. */
export function isFileSystemName(name: string): boolean {
  return NAME.test(name);
}

/** The volume name itself where Azure allows it, so that people find it; else its hash. */
export function fileSystemName(volumeName: string): string {
  return isFileSystemName(volumeName) && !volumeName.startsWith("v-") ? volumeName : hashedName(volumeName);
}

/** In an administrator's account only names that nobody chooses by hand are ours: csi-provisioner's, else the hash. */
export function strictFileSystemName(volumeName: string): string {
  const name = fileSystemName(volumeName);
  return isStrictFileSystemName(name) ? name : hashedName(volumeName);
}

/** Whether a file system of this name in an administrator's account can be ours. */
export function isStrictFileSystemName(name: string): boolean {
  return STRICT_NAME.test(name);
}

function hashedName(volumeName: string): string {
  return `v-${base32(sha256(volumeName)).slice(0, 40)}`;
}

/** csi-provisioner's default; `--volume-name-prefix` must stay at it (contract.md 2). */
const VOLUME_NAME_PREFIX = "pvc-";

/** What csi-provisioner calls the volume of a claim. */
export function volumeNameOf(claimUid: string): string {
  return `${VOLUME_NAME_PREFIX}${claimUid}`;
}

/** The UID of the claim that a volume is for, as its name states it; undefined for a name of another form. */
export function claimUidIn(volumeName: string): string | undefined {
  return volumeName.startsWith(VOLUME_NAME_PREFIX) ? volumeName.slice(VOLUME_NAME_PREFIX.length) : undefined;
}

/**
 * GUID of a role definition of `keyless-csi roles`, by its key in the table of roles. Definitions are shared by the whole
 * tenant, so that two installations without a common prefix never write each other's. No prefix: as before there were any.
 */
export function roleDefinitionName(key: string, prefix: string): string {
  const name = `keyless-csi role ${key} v1`;
  return prefix === "" ? uuidV5(name) : armGuid(name, prefix.toLowerCase());
}

/** The name of the role assignment for this scope, principal and role (azure.md 4: the principal must be part of it). */
export function roleAssignmentName(scope: string, principalId: string, roleId: string): string {
  return assignmentNameOf(`${scope}|${principalId}|${roleId}`);
}

/** Of an account's scope it is asked for with each of its volumes. */
const assignmentNameOf = remembering((source) => uuidV5(source.toLowerCase()));
