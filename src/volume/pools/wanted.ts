/** Whether new volumes can still get into an account that holds none. */
import { poolTagsOf } from "../account/account-names.ts";
import { clusterOfAccount } from "../account/ownership.ts";
import { ownClasses } from "../class/cluster-classes.ts";
import { everyPlace } from "../class/places.ts";
import type { VolumeClass } from "../class/volume-class.ts";
import type { Dependencies } from "../dependencies.ts";
import { decodeAccountTags } from "../formats/account-tags.ts";
import type { Account } from "../ports.ts";

/**
 * Whether a StorageClass of the cluster leads to the account, which this controller made for a pool or a namespace. In doubt
 * it does: while a class of this driver cannot be read, nobody knows where it leads. One list of classes.
 */
export async function isWantedByClass({ ports, settings, backend }: Dependencies, account: Account): Promise<boolean> {
  const { isolation, namespace = "", pool, shard = 0 } = decodeAccountTags(account.tags);
  const leadsHere = (volumeClass: VolumeClass) =>
    volumeClass.storageAccount === undefined &&
    volumeClass.isolation === isolation &&
    shard < volumeClass.poolSize &&
    poolTagsOf(volumeClass, { namespace, volume: "" }, backend).pool === pool;
  const classes = ownClasses(await ports.cluster.listClasses(), settings);
  try {
    const isLedTo = classes.some(({ parameters }) => everyPlace(parameters, { settings, backend }).some(leadsHere));
    return isLedTo && clusterOfAccount(account).clusterId === settings.clusterId;
  } catch {
    return true;
  }
}
