/**
 * Whether a storage account is one that this controller has created, or one that an administrator has given to it. Tags and
 * name must agree: a tag that somebody copied onto another account does not make it ours, since the name is recomputed.
 */
import { isSameText } from "../../text/without-case.ts";
import { decodeAccountTags } from "../formats/account-tags.ts";
import { decodeMetadata } from "../formats/file-system-metadata.ts";
import { accountName, isStrictFileSystemName } from "../names.ts";
import type { Account, ClusterIdentity, FileSystem, FileSystemRef, Settings } from "../ports.ts";

/** How what names a cluster belongs to this controller. */
export interface Belonging {
  /** Of a former cluster, which may still be there and need it. */
  readonly isAdopted: boolean;
  /** It carries a mark; without one (made by 0.1, or given by its id alone) only the id, which people choose, says whose it is. */
  readonly isMarked: boolean;
}

/** Undefined for another cluster's: of another id, or of another mark. An adopted id without a mark adopts what has none. */
export function belongingOf(cluster: ClusterIdentity, settings: Settings): Belonging | undefined {
  const isMarked = cluster.clusterUid !== undefined;
  if (cluster.clusterId === settings.clusterId && (!isMarked || isSameMark(cluster, settings))) {
    return { isAdopted: false, isMarked };
  }
  const isAdopted = settings.alsoOwns.some((former) => isSameCluster(former, cluster));
  return isAdopted ? { isAdopted, isMarked } : undefined;
}

/** Whether both are the same id with the same mark, or both without one. */
export function isSameCluster(a: ClusterIdentity, b: ClusterIdentity): boolean {
  return a.clusterId === b.clusterId && isSameMark(a, b);
}

function isSameMark(a: ClusterIdentity, b: ClusterIdentity): boolean {
  return isSameText(a.clusterUid, b.clusterUid);
}

/** The cluster that the account's tags name; the id is `""` where they name none. */
export function clusterOfAccount({ tags }: Account): ClusterIdentity {
  const { clusterId = "", clusterUid } = decodeAccountTags(tags);
  return { clusterId, ...(clusterUid !== undefined && { clusterUid }) };
}

/** Whether the account carries a mark, whosever it is. */
export function isMarked(account: Account): boolean {
  return clusterOfAccount(account).clusterUid !== undefined;
}

/** Which marks an account may carry: ours alone; or any, where nothing is opened or deleted. */
export type Marks = "ours" | "any";

/** Whether the cluster is this controller's own or one that it has taken over. */
export function isOwnedCluster(cluster: ClusterIdentity, settings: Settings, marks: Marks): boolean {
  if (marks === "ours") return belongingOf(cluster, settings) !== undefined;
  return ownsId(settings, cluster.clusterId);
}

function ownsId(settings: Settings, id: string): boolean {
  return [settings, ...settings.alsoOwns].some(({ clusterId }) => clusterId === id);
}

/** Whether the account carries our tags and the name that follows from them. */
export function isOurs(account: Account, settings: Settings, marks: Marks = "ours"): boolean {
  const { clusterId = "", pool = "", shard, attempt } = decodeAccountTags(account.tags);
  if (!isOwnedCluster(clusterOfAccount(account), settings, marks) || shard === undefined || attempt === undefined)
    return false;
  return account.ref.name === accountName({ clusterId, pool, shard, attempt });
}

/** Whether an administrator has made it and given it to this cluster, by tags alone. Its properties are never written. */
export function isGiven(account: Account, settings: Settings, marks: Marks = "ours"): boolean {
  return (
    decodeAccountTags(account.tags).pool === undefined && isOwnedCluster(clusterOfAccount(account), settings, marks)
  );
}

/** Whether its volumes are this controller's, in whichever of the two ways. */
export function isOursOrGiven(account: Account, settings: Settings, marks: Marks = "ours"): boolean {
  return isOurs(account, settings, marks) || isGiven(account, settings, marks);
}

/** The marks that a list looks for: without Kubernetes it cannot compare any. */
export function listedMarks({ clusterUid }: Settings): Marks {
  return clusterUid === undefined ? "any" : "ours";
}

/** Whether the account is ours but for its mark: another cluster has our id, or one that we have taken over. */
export function isOfAnotherMark(account: Account, settings: Settings): boolean {
  return isOursOrGiven(account, settings, "any") && !isOursOrGiven(account, settings);
}

/** Whether the file system can be ours, by its name and its account's tags: in a given account others create some too. */
export function mayHold(
  account: Account,
  fileSystem: FileSystemRef,
  settings: Settings,
  marks: Marks = "ours",
): boolean {
  if (isGiven(account, settings, marks)) return isStrictFileSystemName(fileSystem.name);
  // An account for one volume holds that volume's file system and no other, whatever a forged id says.
  const { isolation, fileSystem: only } = decodeAccountTags(account.tags);
  return isOurs(account, settings, marks) && (isolation !== "volume" || only === fileSystem.name);
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
  if (!mayHold(account, ref, settings) || isLeftToAnother(account, metadata, settings)) return false;
  const { clusterId = silence === "ours" ? settings.clusterId : "" } = decodeMetadata(metadata);
  return ownsId(settings, clusterId);
}

/** Whether the account carries no mark, and the metadata of a file system in it carries another cluster's. */
export function isLeftToAnother(account: Account, metadata: FileSystem["metadata"], settings: Settings): boolean {
  return !isMarked(account) && namesAnotherMark(account, metadata, settings);
}

/** Whether the metadata of a file system in the account carries another cluster's mark. It can keep the file system, no more. */
export function namesAnotherMark(account: Account, metadata: FileSystem["metadata"], settings: Settings): boolean {
  const { clusterId = clusterOfAccount(account).clusterId, clusterUid } = decodeMetadata(metadata);
  return clusterUid !== undefined && belongingOf({ clusterId, clusterUid }, settings) === undefined;
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
