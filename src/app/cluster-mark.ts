/** The cluster's mark, read once at start: without it nothing could be told apart from another cluster's. */
import { DriverError, isTransient } from "../errors.ts";
import type { Cluster } from "../volume/ports.ts";

/** Every cluster has it from its first moment, and it cannot be deleted: its UID is the cluster's own. */
const MARKING_NAMESPACE = "kube-system";

/** How long an API server that does not answer is waited for. */
export interface MarkPatience {
  /** Milliseconds before each further attempt; none: the first failure is final. */
  readonly pausesMs: readonly number[];
  readonly sleep: (milliseconds: number) => Promise<unknown>;
}

/**
 * UID of namespace kube-system; undefined without Kubernetes. Throws Misconfigured when the controller may not read it, and
 * what the last attempt says when the API server does not answer: the kubelet starts the controller again.
 */
export async function readClusterMark(
  cluster: Cluster,
  { pausesMs, sleep }: MarkPatience,
): Promise<string | undefined> {
  if (!cluster.isConnected) return undefined;
  for (const pauseMs of pausesMs) {
    try {
      return await readUid(cluster);
    } catch (error) {
      if (!isTransient(error)) throw error;
      await sleep(pauseMs);
    }
  }
  return await readUid(cluster);
}

async function readUid(cluster: Cluster): Promise<string> {
  const uid = await cluster.findNamespaceUid(MARKING_NAMESPACE).catch(explain);
  if (uid !== undefined && uid !== "") return uid;
  throw withoutMark();
}

function explain(error: unknown): never {
  throw isTransient(error) ? error : withoutMark(error);
}

function withoutMark(cause?: unknown): DriverError {
  return new DriverError(
    "Misconfigured",
    `the API server shows no UID of namespace ${MARKING_NAMESPACE}, which marks what this cluster makes: the controller's ` +
      "ServiceAccount needs the right to get namespaces (deploy/manifests/rbac.yaml)",
    { cause },
  );
}
