/**
 * What the API server is asked: single GETs of claims and PersistentVolumes, nothing watched, nothing listed, nothing
 * written. The only file that knows @kubernetes/client-node.
 */
import { ApiException, CoreV1Api, KubeConfig } from "@kubernetes/client-node";
import { DriverError } from "../errors.ts";
import type { Cluster } from "../volume/ports.ts";

/** From csi-provisioner's default `--volume-name-prefix`: the rest is the claim's UID. */
const VOLUME_NAME_PREFIX = "pvc-";

/** Phases in which nobody uses a PersistentVolume any more. */
const LEFT_PHASES = ["Released", "Failed"];

/** Asks the cluster of the kubeconfig file, or without one the cluster that this process runs in. */
export function createCluster(kubeconfig: string | undefined): Cluster {
  const config = new KubeConfig();
  if (kubeconfig === undefined) config.loadFromCluster();
  else config.loadFromFile(kubeconfig);
  const api = config.makeApiClient(CoreV1Api);
  return {
    async claimState({ namespace, name }, volumeName) {
      if (!volumeName.startsWith(VOLUME_NAME_PREFIX)) return "unknown";
      const claim = await orUndefined(`reading claim ${namespace}/${name}`, () =>
        api.readNamespacedPersistentVolumeClaim({ namespace, name }),
      );
      const isSame = claim?.metadata?.uid === volumeName.slice(VOLUME_NAME_PREFIX.length);
      return isSame ? "present" : "gone";
    },
    async isVolumeInUse(volumeName) {
      const volume = await orUndefined(`reading PersistentVolume ${volumeName}`, () =>
        api.readPersistentVolume({ name: volumeName }),
      );
      return volume !== undefined && !LEFT_PHASES.includes(volume.status?.phase ?? "");
    },
  };
}

/** Without Kubernetes: for csi-sanity and the demo. */
export const NO_CLUSTER: Cluster = {
  claimState: async () => "unknown",
  isVolumeInUse: async () => false,
};

/** The object, or undefined when the API server says that there is none. */
async function orUndefined<T>(doing: string, ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof ApiException && error.code === 404) return undefined;
    throw toDriverError(error, doing);
  }
}

function toDriverError(error: unknown, doing: string): DriverError {
  const status = error instanceof ApiException ? error.code : undefined;
  if (status === 403) {
    return new DriverError(
      "Misconfigured",
      `${doing} is forbidden: give the controller's ServiceAccount the ClusterRole in deploy/manifests/rbac.yaml`,
      { cause: error },
    );
  }
  const how = status === undefined ? "no answer" : `HTTP ${status}`;
  return new DriverError("Unavailable", `${doing} failed (${how}): the API server is asked again at the next attempt`, {
    cause: error,
  });
}
