/** The cluster of a check. */
import type { ClusterInspection, DoctorContext } from "./ports.ts";

/** The cluster that is asked. Checks of this category are run only where there is one. */
export function clusterOf({ cluster }: DoctorContext): ClusterInspection {
  if (cluster === undefined) throw new Error("a check of the cluster was run without one");
  return cluster;
}
