/** StorageClasses, read only where an account lost its tags. Administrators make them, and few: one answer holds them all. */
import type { V1StorageClassList } from "@kubernetes/client-node";
import type { ClusterClass } from "../volume/ports.ts";
import type { Api } from "./api.ts";
import { reading } from "./faults.ts";

/** Every StorageClass of any driver. */
export async function listClasses(api: Api): Promise<ClusterClass[]> {
  const path = "/apis/storage.k8s.io/v1/storageclasses";
  const { items } = await reading("all StorageClasses", () => api.get<V1StorageClassList>(path));
  return items.map(({ metadata, provisioner, parameters = {} }) => {
    return { name: metadata?.name ?? "", provisioner, parameters };
  });
}
