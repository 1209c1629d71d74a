/** CSIDriver objects: whether the kubelet hands a node plugin tokens. Asked before each volume, so a minute is remembered. */
import type { StorageV1Api, V1CSIDriver } from "@kubernetes/client-node";
import type { Cluster, CsiDriver } from "../volume/ports.ts";
import { read } from "./faults.ts";

const REMEMBER_MS = 60_000;

/** The port's `findCsiDriver`, by the clock `now`. */
export function createCsiDrivers(storage: StorageV1Api, now: () => number): Cluster["findCsiDriver"] {
  const remembered = new Map<string, { readonly driver: CsiDriver; readonly until: number }>();
  return async (name, { isFresh } = { isFresh: false }) => {
    const known = remembered.get(name);
    if (!isFresh && known !== undefined && now() < known.until) return known.driver;
    remembered.delete(name);
    const found = await read(`CSIDriver ${name}`, () => storage.readCSIDriver({ name }));
    if (found === undefined) return undefined;
    const driver = toCsiDriver(found);
    remembered.set(name, { driver, until: now() + REMEMBER_MS });
    return driver;
  };
}

/** What the object leaves out has the API's own default. */
function toCsiDriver({ spec }: V1CSIDriver): CsiDriver {
  return {
    tokenRequests: (spec.tokenRequests ?? []).map(({ audience, expirationSeconds }) => ({
      audience,
      ...(expirationSeconds !== undefined && { expirationSeconds }),
    })),
    isRepublished: spec.requiresRepublish === true,
    hasTokensInSecrets: spec.serviceAccountTokenInSecrets === true,
    isAttachRequired: spec.attachRequired !== false,
    isPersistent: spec.volumeLifecycleModes?.includes("Persistent") ?? true,
  };
}
