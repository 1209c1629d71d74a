/** The StorageClasses of the cluster that are this driver's, as CreateVolume would be given them. */
import type { ClusterClass, Settings } from "../ports.ts";

/** What csi-provisioner reads of a class and does not pass on. */
const PROVISIONER_PREFIX = "csi.storage.k8s.io/";

/** Those that name this driver, each with the parameters that csi-provisioner passes on. */
export function ownClasses(classes: readonly ClusterClass[], { driverName }: Settings): ClusterClass[] {
  return classes
    .filter(({ provisioner }) => provisioner === driverName)
    .map(({ parameters, ...each }) => {
      const own = Object.entries(parameters).filter(([key]) => !key.startsWith(PROVISIONER_PREFIX));
      return { ...each, parameters: Object.fromEntries(own) };
    });
}
