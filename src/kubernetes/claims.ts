/** Claims: one by name, and for `orphans` the UIDs of all. */
import type { V1PersistentVolumeClaim } from "@kubernetes/client-node";
import { SERVICE_ACCOUNT_ANNOTATION } from "../volume/identity/service-account.ts";
import type { Claim, ClaimRef } from "../volume/ports.ts";
import { type Api, apiPath } from "./api.ts";
import { read, reading } from "./faults.ts";
import type { OpenList } from "./pages.ts";

/** Names the class before the field does. Source: Kubernetes, component-helpers, GetPersistentVolumeClaimClass. */
const CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class";

/** The port's `findClaim`. */
export async function findClaim(api: Api, ref: ClaimRef): Promise<Claim | undefined> {
  const { namespace, name } = ref;
  const path = apiPath`/api/v1/namespaces/${namespace}/persistentvolumeclaims/${name}`;
  const claim = await read(`claim ${namespace}/${name}`, () => api.get<V1PersistentVolumeClaim>(path));
  return claim && toClaim(claim);
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
export function classOf({ metadata, spec }: V1PersistentVolumeClaim): string {
  return metadata?.annotations?.[CLASS_ANNOTATION] ?? spec?.storageClassName ?? "";
}

function toClaim(claim: V1PersistentVolumeClaim): Claim {
  const { metadata } = claim;
  const className = classOf(claim);
  const serviceAccount = metadata?.annotations?.[SERVICE_ACCOUNT_ANNOTATION];
  const owner = metadata?.ownerReferences?.find(({ kind, controller }) => kind === "Pod" && controller === true);
  return {
    uid: metadata?.uid ?? "",
    ...(className !== "" && { className }),
    ...(serviceAccount !== undefined && { serviceAccount }),
    ...(owner && { ownerPod: { name: owner.name, uid: owner.uid } }),
  };
}
