/** Lists over the whole cluster, page by page: used by `orphans` and the drift check, never on the path of a volume. */
import type { CoreV1Api, V1PersistentVolume } from "@kubernetes/client-node";
import type { ClusterVolume } from "../volume/ports.ts";

/** The API server's own clients take pages of this size. */
const PAGE = 500;

interface Page<T> {
  readonly items: readonly T[];
  readonly metadata?: { readonly _continue?: string };
}

/** Every PersistentVolume of any driver: a volume that was moved to another driver still refers to its file system. */
export async function listVolumes(core: CoreV1Api): Promise<ClusterVolume[]> {
  const volumes = await listAll((page) => core.listPersistentVolume(page));
  return volumes.map(toVolume);
}

/** The UIDs of all claims, whatever their class. */
export async function listClaimUids(core: CoreV1Api): Promise<ReadonlySet<string>> {
  const claims = await listAll((page) => core.listPersistentVolumeClaimForAllNamespaces(page));
  return new Set(claims.map(({ metadata }) => metadata?.uid ?? ""));
}

/** Throws the API server's error, including an expired continuation (410): half a list proves nothing. */
async function listAll<T>(ask: (page: { limit: number; _continue?: string }) => Promise<Page<T>>): Promise<T[]> {
  const found: T[] = [];
  let next: string | undefined;
  do {
    const { items, metadata } = await ask({ limit: PAGE, ...(next !== undefined && { _continue: next }) });
    found.push(...items);
    next = metadata?._continue || undefined;
  } while (next !== undefined);
  return found;
}

function toVolume({ metadata, spec, status }: V1PersistentVolume): ClusterVolume {
  const { namespace, name, uid = "" } = spec?.claimRef ?? {};
  return {
    name: metadata?.name ?? "",
    handle: spec?.csi?.volumeHandle ?? "",
    attributes: spec?.csi?.volumeAttributes ?? {},
    phase: status?.phase ?? "",
    ...(namespace !== undefined && name !== undefined && { claim: { namespace, name, uid } }),
  };
}
