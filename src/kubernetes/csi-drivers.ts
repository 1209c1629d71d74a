/** CSIDriver objects: whether the kubelet hands tokens to a node plugin. Read for each volume, so cached for a minute. */
import type { V1CSIDriver } from "@kubernetes/client-node";
import { createSingleFlight } from "../concurrency/single-flight.ts";
import { createTtlCache } from "../concurrency/ttl-cache.ts";
import type { Cluster, CsiDriver } from "../volume/ports.ts";
import { type Api, apiPath } from "./api.ts";
import { read } from "./faults.ts";

const REMEMBER_MS = 60_000;

/** The port's `findCsiDriver`, by the clock `now`. */
export function createCsiDrivers(api: Api, now: () => number): Cluster["findCsiDriver"] {
  const cache = createTtlCache<CsiDriver>(REMEMBER_MS, now);
  const reading = createSingleFlight<CsiDriver | undefined>("CSIDriver");
  return (name, { isFresh } = { isFresh: false }) => {
    const known = isFresh ? undefined : cache.get(name);
    if (known !== undefined) return Promise.resolve(known);
    // What is missing is not remembered, since somebody may just have repaired it, but claims that ask together ask once.
    return reading.run(name, async () => {
      const path = apiPath`/apis/storage.k8s.io/v1/csidrivers/${name}`;
      const found = await read(`CSIDriver ${name}`, () => api.get<V1CSIDriver>(path));
      if (found === undefined) return undefined;
      const driver = toCsiDriver(found);
      cache.set(name, driver);
      return driver;
    });
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
