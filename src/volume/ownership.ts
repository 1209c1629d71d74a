/**
 * Whether a storage account is one that this controller has created, or one that an administrator has given to it. Tags and
 * name must agree: a tag that somebody copied onto another account does not make it ours, since the name is recomputed.
 */
import { decodeAccountTags } from "./formats/account-tags.ts";
import { decodeMetadata } from "./formats/file-system-metadata.ts";
import { accountName, isStrictFileSystemName } from "./names.ts";
import type { Account, FileSystem, FileSystemRef, Settings } from "./ports.ts";

/** Whether the account carries our tags and the name that follows from them. */
export function isOurs(account: Account, settings: Settings): boolean {
  const { clusterId = "", pool = "", shard, attempt } = decodeAccountTags(account.tags);
  if (!ownsCluster(settings, clusterId) || shard === undefined || attempt === undefined) return false;
  return account.ref.name === accountName({ clusterId, pool, shard, attempt });
}

/** Whether an administrator has made it and given it to this cluster, by the tag alone. Its properties are never written. */
export function isGiven(account: Account, settings: Settings): boolean {
  const { clusterId = "", pool } = decodeAccountTags(account.tags);
  return pool === undefined && ownsCluster(settings, clusterId);
}

/** Whether the file system can be ours, by its name and its account's tags: in a given account others create some too. */
export function mayHold(account: Account, fileSystem: FileSystemRef, settings: Settings): boolean {
  if (isGiven(account, settings)) return isStrictFileSystemName(fileSystem.name);
  // An account for one volume holds that volume's file system and no other, whatever a forged id says.
  const isOwn = !isForOneVolume(account, settings) || decodeAccountTags(account.tags).fileSystem === fileSystem.name;
  return isOurs(account, settings) && isOwn;
}

/**
 * Whether the file system is a volume of this cluster, by its name and by what its metadata says of the cluster. Metadata
 * can be rewritten by a workload; `silence` says what it means that the cluster is missing there.
 */
export function isVolumeOf(
  account: Account,
  { ref, metadata }: FileSystem,
  settings: Settings,
  silence: "ours" | "not ours",
): boolean {
  if (!mayHold(account, ref, settings)) return false;
  const { clusterId = silence === "ours" ? settings.clusterId : "" } = decodeMetadata(metadata);
  return ownsCluster(settings, clusterId);
}

/** Whether the account was created for one volume alone and is deleted with it. Never true of a given one. */
export function isForOneVolume(account: Account, settings: Settings): boolean {
  return isOurs(account, settings) && decodeAccountTags(account.tags).isolation === "volume";
}

/**
 * Whether the account belongs to the namespace that exists now. A namespace recreated under its old name has another UID
 * and must not inherit the account.
 */
export function isOfNamespace(account: Account, namespaceUid: string | undefined): boolean {
  return decodeAccountTags(account.tags).namespaceUid === namespaceUid;
}

/** Whether the cluster id is this controller's own or one that it has taken over. */
export function ownsCluster({ clusterId, alsoOwns }: Settings, id: string): boolean {
  return [clusterId, ...alsoOwns.map((former) => former.clusterId)].includes(id);
}
