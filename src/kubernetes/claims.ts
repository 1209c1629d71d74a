/** Claims: one with its class, and for `orphans` the UIDs of all. */
import type { CoreV1Api, StorageV1Api, V1PersistentVolumeClaim } from "@kubernetes/client-node";
import { SERVICE_ACCOUNT_ANNOTATION } from "../volume/identity/service-account.ts";
import type { Claim, ClaimRef } from "../volume/ports.ts";
import { read, reading } from "./faults.ts";
import type { OpenList } from "./pages.ts";

/** Names the class before the field does. Source: Kubernetes, component-helpers, GetPersistentVolumeClaimClass. */
const CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class";

/** The port's `findClaim`. */
export async function findClaim(core: CoreV1Api, storage: StorageV1Api, ref: ClaimRef): Promise<Claim | undefined> {
  const { namespace, name } = ref;
  const claim = await read(`claim ${namespace}/${name}`, () => core.readNamespacedPersistentVolumeClaim({ ...ref }));
  if (claim === undefined) return undefined;
  const className = classOf(claim);
  return toClaim(claim, className, await isBoundLate(storage, className));
}

/** The UIDs of all claims, whatever their class. */
export async function listClaimUids(openList: OpenList): Promise<ReadonlySet<string>> {
  const listing = {
    path: "/api/v1/persistentvolumeclaims",
    keep: ({ metadata }: V1PersistentVolumeClaim) => metadata?.uid,
  };
  return new Set(await reading("all claims", () => openList(listing)));
}

/** `""`: the claim says that it has none. */
function classOf({ metadata, spec }: V1PersistentVolumeClaim): string {
  return metadata?.annotations?.[CLASS_ANNOTATION] ?? spec?.storageClassName ?? "";
}

function toClaim({ metadata }: V1PersistentVolumeClaim, className: string, isBoundLate: boolean): Claim {
  const serviceAccount = metadata?.annotations?.[SERVICE_ACCOUNT_ANNOTATION];
  const owner = metadata?.ownerReferences?.find(({ kind, controller }) => kind === "Pod" && controller === true);
  return {
    uid: metadata?.uid ?? "",
    isBoundLate,
    ...(className !== "" && { className }),
    ...(serviceAccount !== undefined && { serviceAccount }),
    ...(owner && { ownerPod: { name: owner.name, uid: owner.uid } }),
  };
}

async function isBoundLate(storage: StorageV1Api, className: string): Promise<boolean> {
  if (className === "") return false;
  const found = await read(`StorageClass ${className}`, () => storage.readStorageClass({ name: className }));
  return found?.volumeBindingMode === "WaitForFirstConsumer";
}
