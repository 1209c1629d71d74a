/** One claim with its story: phase, last event, the pods that use it. */
import type { CoreV1EventList, V1PersistentVolume, V1PersistentVolumeClaim, V1PodList } from "@kubernetes/client-node";
import type { InspectedClaim, InspectedPod } from "../../doctor/ports.ts";
import { DriverError } from "../../errors.ts";
import type { ClaimRef } from "../../volume/ports.ts";
import { apiPath } from "../api.ts";
import { classOf } from "../claims.ts";
import { ask, askFor, type Reads } from "./ask.ts";

export async function findInspectedClaim(
  api: Reads,
  { namespace, name }: ClaimRef,
): Promise<InspectedClaim | undefined> {
  const path = apiPath`/api/v1/namespaces/${namespace}/persistentvolumeclaims/${name}`;
  const found = await askFor(`claim ${namespace}/${name}`, () => api.get<V1PersistentVolumeClaim>(path));
  if (found === undefined) return undefined;
  const { metadata, spec, status } = found;
  const className = classOf(found);
  const lastEvent = await lastEventOf(api, namespace, metadata?.uid ?? "");
  return {
    uid: metadata?.uid ?? "",
    phase: status?.phase ?? "",
    accessModes: spec?.accessModes ?? [],
    isBlock: spec?.volumeMode === "Block",
    ...(className !== "" && { className }),
    ...(spec?.volumeName && { volumeName: spec.volumeName }),
    ...(lastEvent !== undefined && { lastEvent }),
  };
}

async function lastEventOf(api: Reads, namespace: string, uid: string): Promise<string | undefined> {
  const path = apiPath`/api/v1/namespaces/${namespace}/events`;
  const selector = new URLSearchParams({ fieldSelector: `involvedObject.uid=${uid}` });
  const { items } = await ask(`the events of namespace ${namespace}`, () =>
    api.get<CoreV1EventList>(`${path}?${selector}`),
  );
  const timeOf = ({ lastTimestamp, eventTime }: (typeof items)[number]) => String(lastTimestamp ?? eventTime ?? "");
  const last = items.toSorted((one, other) => timeOf(one).localeCompare(timeOf(other))).at(-1);
  return last && `${last.reason}: ${last.message}`;
}

export async function listInspectedPods(api: Reads, { namespace, name }: ClaimRef): Promise<InspectedPod[]> {
  const path = apiPath`/api/v1/namespaces/${namespace}/pods`;
  const { items } = await ask(`the pods of namespace ${namespace}`, () => api.get<V1PodList>(path));
  const uses = ({ metadata, spec }: (typeof items)[number]) =>
    (spec?.volumes ?? []).some(
      (volume) =>
        volume.persistentVolumeClaim?.claimName === name ||
        (volume.ephemeral !== undefined && `${metadata?.name}-${volume.name}` === name),
    );
  return items.filter(uses).map(({ metadata, spec }) => ({
    name: metadata?.name ?? "",
    serviceAccount: spec?.serviceAccountName ?? "default",
    ...(spec?.nodeName && { node: spec.nodeName }),
  }));
}

export async function readDriverOf(api: Reads, volume: string): Promise<string> {
  const path = apiPath`/api/v1/persistentvolumes/${volume}`;
  const found = await askFor(`PersistentVolume ${volume}`, () => api.get<V1PersistentVolume>(path));
  if (found === undefined) throw new DriverError("NotFound", `PersistentVolume ${volume} does not exist`);
  return found.spec?.csi?.driver ?? "";
}
