/** Pods: one by name, and those of a namespace that use a claim. */
import type { CoreV1Api, V1Pod } from "@kubernetes/client-node";
import type { ClaimRef, Pod } from "../volume/ports.ts";
import { read } from "./faults.ts";

/** Phases in which a pod no longer uses its claims. */
const ENDED_PHASES = ["Succeeded", "Failed"];

/** The port's `findPod`. */
export async function findPod(core: CoreV1Api, namespace: string, name: string): Promise<Pod | undefined> {
  const pod = await read(`pod ${namespace}/${name}`, () => core.readNamespacedPod({ namespace, name }));
  return pod && toPod(pod);
}

/** The port's `listPodsUsing`. */
export async function listPodsUsing(core: CoreV1Api, { namespace, name }: ClaimRef): Promise<Pod[]> {
  const pods = await read(`pods of namespace ${namespace}`, () => core.listNamespacedPod({ namespace }));
  const uses = ({ spec, status }: V1Pod) =>
    !ENDED_PHASES.includes(status?.phase ?? "") &&
    spec?.volumes?.some(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName === name) === true;
  return (pods?.items ?? []).filter(uses).map(toPod);
}

function toPod({ metadata, spec }: V1Pod): Pod {
  return {
    name: metadata?.name ?? "",
    uid: metadata?.uid ?? "",
    serviceAccount: spec?.serviceAccountName || "default",
  };
}
