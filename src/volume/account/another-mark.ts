/** What is said of an account that carries another cluster's mark. No deletion is advised: nobody can know here what it holds. */
import { DriverError } from "../../errors.ts";
import type { Account, ClusterIdentity, Settings } from "../ports.ts";
import { clusterOfAccount } from "./ownership.ts";

/** As `--also-owns` takes it: `ID/UID`, or the id alone. */
export function toAlsoOwns({ clusterId, clusterUid }: ClusterIdentity): string {
  return clusterUid === undefined ? clusterId : `${clusterId}/${clusterUid}`;
}

/** Of CreateVolume: the account has the name that this controller computes, or was given, and nothing has been written. */
export function refuseToUse(account: Account, settings: Settings): DriverError {
  const { clusterId } = clusterOfAccount(account);
  const problem = describeMark(account, settings);
  if (settings.clusterUid === undefined) return new DriverError("Misconfigured", `${problem}: nothing was written`);
  return new DriverError(
    "Misconfigured",
    `${problem}. Nothing was written. If both clusters exist, two have the cluster id ${clusterId}: give the one without ` +
      `volumes another --cluster-id. ${adopting(account)}`,
  );
}

/** Of DeleteVolume: nothing has been touched. */
export function refuseToDelete(account: Account, settings: Settings): DriverError {
  const problem = describeMark(account, settings);
  const advice = settings.clusterUid === undefined ? "" : `. ${adopting(account)}`;
  return new DriverError("NotOurs", `${problem}: nothing was touched${advice}`);
}

function describeMark(account: Account, { clusterUid }: Settings): string {
  const { name, resourceGroup } = account.ref;
  const where = `storage account ${name} in resource group ${resourceGroup}`;
  const mark = clusterOfAccount(account).clusterUid;
  if (clusterUid !== undefined)
    return `${where} carries another cluster's mark (${mark}; this cluster's is ${clusterUid})`;
  return (
    `${where} carries a cluster's mark (${mark}), and without Kubernetes this controller has none to compare: ` +
    "run it with --kubernetes=on or --kubeconfig"
  );
}

function adopting(account: Account): string {
  return (
    `If that cluster is gone, or hands its volumes over to this one, add --also-owns ${toAlsoOwns(clusterOfAccount(account))}: ` +
    "this controller then uses what carries that mark, and deletes the volumes whose PersistentVolumes are deleted here"
  );
}
