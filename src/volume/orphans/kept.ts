/**
 * Why `orphans` only reports something: whose it is cannot be known, or the claims that may need it cannot be seen from this
 * cluster. Only an administrator can say more, on the command line.
 */
import { toAlsoOwns } from "../account/another-mark.ts";
import { belongingOf, isSameCluster } from "../account/ownership.ts";
import type { ClusterIdentity, Settings } from "../ports.ts";
import type { AgeLimit } from "./age.ts";

/** What an administrator states for one run; absent: nothing. */
export interface Statements {
  /** No other cluster has this one's id, so that what carries no mark is this one's. */
  readonly unmarked?: boolean;
  /** Former clusters that do not exist any more, each as `--also-owns` names it. */
  readonly goneClusters?: readonly ClusterIdentity[];
}

/** By which something counts as an orphan, and as one that may be removed. */
export interface OrphanRules extends AgeLimit, Statements {}

/** As a clause for people; undefined for what this cluster alone can need. */
export function whyKept(
  cluster: ClusterIdentity,
  settings: Settings,
  { unmarked = false, goneClusters = [] }: Statements,
): string | undefined {
  const isMarked = cluster.clusterUid !== undefined;
  if (isMarked && settings.clusterUid === undefined) {
    return "it carries a cluster's mark, and without Kubernetes there is none to compare";
  }
  const belonging = belongingOf(cluster, settings);
  if (belonging === undefined) return `it belongs to cluster ${toAlsoOwns(cluster)}`;
  if (belonging.isAdopted && !goneClusters.some((gone) => isSameCluster(gone, cluster))) {
    return `cluster ${toAlsoOwns(cluster)} may still need it, and its claims cannot be seen from here`;
  }
  if (isMarked || unmarked) return undefined;
  return `it carries no mark, so another cluster with the id ${cluster.clusterId} may need it`;
}
