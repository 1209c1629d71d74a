/**
 * Pods: one by name, and those that wait for a claim. What tenants write decides how long a list is, so it is read in small
 * pages of which little is kept, once for all claims of a namespace that ask, and no further than a limit.
 */
import type { V1Pod } from "@kubernetes/client-node";
import { createNextFlight } from "../concurrency/next-flight.ts";
import { createSerialQueue } from "../concurrency/serial-queue.ts";
import { createTtlCache } from "../concurrency/ttl-cache.ts";
import { DriverError } from "../errors.ts";
import { SERVICE_ACCOUNT_ANNOTATION } from "../volume/identity/service-account.ts";
import type { Cluster, Pod } from "../volume/ports.ts";
import { type Api, apiPath } from "./api.ts";
import { read, reading } from "./faults.ts";
import { ListTooLong, type OpenList } from "./pages.ts";

/** An ordinary pod has some 10 KB, and none more than 1.5 MB: a page of these is small except where somebody aims at it. */
const PAGE = 20;
/** Some 4,000 ordinary pods of a namespace, all Pending at the same time. */
const MOST_BYTES = 32 << 20;
/** A list that was cut is not read again for this long: without a change by people the next one is no shorter. */
const REMEMBER_MS = 15_000;

interface PendingPod extends Pod {
  /** Names of the claims in its volumes. */
  readonly claims: readonly string[];
}

/** The port's `findPod`. */
export async function findPod(api: Api, namespace: string, name: string): Promise<Pod | undefined> {
  const path = apiPath`/api/v1/namespaces/${namespace}/pods/${name}`;
  const pod = await read(`pod ${namespace}/${name}`, () => api.get<V1Pod>(path));
  return pod && toPod(pod);
}

/** The port's `listPodsUsing`. `now` in milliseconds of a monotonic clock. */
export function createPodSearch(openList: OpenList, now: () => number): Cluster["listPodsUsing"] {
  const flight = createNextFlight<readonly PendingPod[]>();
  const pages = createSerialQueue();
  const cut = createTtlCache<true>(REMEMBER_MS, now);
  const list = async (namespace: string): Promise<readonly PendingPod[]> => {
    const listing = {
      path: apiPath`/api/v1/namespaces/${namespace}/pods`,
      fieldSelector: "status.phase=Pending",
      pageSize: PAGE,
      maxBytes: MOST_BYTES,
      keep: toPendingPod,
      // One page in memory, however many namespaces ask.
      queued: <R>(ask: () => Promise<R>) => pages("pods", ask),
    };
    if (cut.get(namespace)) throw tooMany(namespace);
    try {
      return await openList(listing);
    } catch (error) {
      if (!(error instanceof ListTooLong)) throw error;
      cut.set(namespace, true);
      throw tooMany(namespace, error);
    }
  };
  return async ({ namespace, name }) => {
    const pods = await flight.run(namespace, () => reading(`pods of namespace ${namespace}`, () => list(namespace)));
    return pods.filter(({ claims }) => claims.includes(name)).map(({ claims: _, ...pod }) => pod);
  };
}

/** Half a list names some of the ServiceAccounts that use a claim, and the volume is opened for one: nothing is guessed. */
function tooMany(namespace: string, cause?: unknown): DriverError {
  return new DriverError(
    "Misconfigured",
    `namespace ${namespace} has too many pods that are Pending, or too large ones, to read which of them use the claim: annotate ` +
      `the claim with ${SERVICE_ACCOUNT_ANNOTATION}: <name of a ServiceAccount in ${namespace}>`,
    { cause },
  );
}

function toPendingPod(pod: V1Pod): PendingPod | undefined {
  const claims = (pod.spec?.volumes ?? []).flatMap(
    ({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName ?? [],
  );
  return claims.length === 0 ? undefined : { ...toPod(pod), claims };
}

function toPod({ metadata, spec }: V1Pod): Pod {
  return {
    name: metadata?.name ?? "",
    uid: metadata?.uid ?? "",
    serviceAccount: spec?.serviceAccountName || "default",
  };
}
