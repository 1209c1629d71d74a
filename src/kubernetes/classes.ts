/** StorageClasses: one by name, and all of them. Administrators make them, and few: one answer holds them all. */
import type { V1StorageClass, V1StorageClassList } from "@kubernetes/client-node";
import type { Cluster, ClusterClass } from "../volume/ports.ts";
import { type Api, apiPath } from "./api.ts";
import { reading } from "./faults.ts";
import { createSharedRead } from "./shared-reads.ts";

/** The port's `isBoundLate`. */
export function createBindingMode(api: Api): Cluster["isBoundLate"] {
  const readClass = createSharedRead<V1StorageClass>(api);
  return async ({ className }) => {
    if (className === undefined) return false;
    const path = apiPath`/apis/storage.k8s.io/v1/storageclasses/${className}`;
    const found = await readClass(`StorageClass ${className}`, path);
    return found?.volumeBindingMode === "WaitForFirstConsumer";
  };
}

/** Every StorageClass of any driver. */
export async function listClasses(api: Api): Promise<ClusterClass[]> {
  const path = "/apis/storage.k8s.io/v1/storageclasses";
  const { items } = await reading("all StorageClasses", () => api.get<V1StorageClassList>(path));
  return items.map(({ metadata, provisioner, parameters = {} }) => {
    return { name: metadata?.name ?? "", provisioner, parameters };
  });
}
