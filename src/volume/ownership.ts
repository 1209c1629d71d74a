/**
 * Whether a storage account is one that this controller made, or one that an administrator has given to it. Tags and name
 * must agree: a tag that somebody copied onto another account does not make it ours, since the name is recomputed.
 */
import { decodeAccountTags } from "./formats/account-tags.ts";
import { accountName, isStrictContainerName } from "./names.ts";
import type { Account, ContainerRef, Settings } from "./ports.ts";

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

/** Whether the container can be one that we made: in a given account others make containers too. */
export function mayHold(account: Account, container: ContainerRef, settings: Settings): boolean {
  if (isGiven(account, settings)) return isStrictContainerName(container.name);
  // An account for one volume holds that volume's container and no other, whatever a forged id says.
  const isOwn = !isForOneVolume(account, settings) || decodeAccountTags(account.tags).fileSystem === container.name;
  return isOurs(account, settings) && isOwn;
}

/** Whether the account was made for one volume alone and goes with it. Never true of a given one. */
export function isForOneVolume(account: Account, settings: Settings): boolean {
  return isOurs(account, settings) && decodeAccountTags(account.tags).isolation === "volume";
}

/**
 * Whether the account belongs to this namespace of today. A namespace that was made anew under its old name has another
 * UID and must not inherit the account.
 */
export function isOfNamespace(account: Account, namespaceUid: string | undefined): boolean {
  return decodeAccountTags(account.tags).namespaceUid === namespaceUid;
}

/** Whether the cluster id is this controller's own or one that it has taken over. */
export function ownsCluster({ clusterId, alsoOwns }: Settings, id: string): boolean {
  return [clusterId, ...alsoOwns].includes(id);
}
