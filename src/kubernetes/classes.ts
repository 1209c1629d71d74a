/** StorageClasses, read only where an account lost its tags. Administrators make them, and few: one answer holds them all. */
import type { StorageV1Api } from "@kubernetes/client-node";
import type { ClusterClass } from "../volume/ports.ts";
import { reading } from "./faults.ts";

/** Every StorageClass of any driver. */
export async function listClasses(storage: StorageV1Api): Promise<ClusterClass[]> {
  const { items } = await reading("all StorageClasses", () => storage.listStorageClass());
  return items.map(({ metadata, provisioner, parameters = {} }) => {
    return { name: metadata?.name ?? "", provisioner, parameters };
  });
}
