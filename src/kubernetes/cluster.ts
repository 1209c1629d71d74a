/**
 * The cluster port on a real API server: single reads, the pods of a namespace, all volumes, and for `orphans` all claims.
 * Nothing is watched, and only events are written (and the Lease, in leases.ts). The only folder that imports @kubernetes/client-node.
 */
import type { V1Namespace, V1ServiceAccount } from "@kubernetes/client-node";
import { DriverError } from "../errors.ts";
import type { Cluster } from "../volume/ports.ts";
import type { ReadReferences } from "../volume/references.ts";
import { apiPath } from "./api.ts";
import { findClaim, listClaimUids } from "./claims.ts";
import { createBindingMode, listClasses } from "./classes.ts";
import { connect } from "./clients.ts";
import { createCsiDrivers } from "./csi-drivers.ts";
import { createEvent } from "./events.ts";
import { createListOpener } from "./pages.ts";
import { createPodSearch, findPod } from "./pods.ts";
import { createSharedRead, type SharedRead } from "./shared-reads.ts";
import { createVolumeSearch, findVolume, listVolumes } from "./volumes.ts";

/** Source: Azure Workload Identity, "Service account labels and annotations". */
const CLIENT_ID_ANNOTATION = "azure.workload.identity/client-id";

export interface ClusterOptions {
  /** Absent: the cluster that this process runs in. */
  readonly kubeconfig?: string | undefined;
  /** Absent: taken from the API server's discovery document. */
  readonly oidcIssuer?: string | undefined;
  /** What a PersistentVolume says of the file system that it is made of. */
  readonly readReferences: ReadReferences;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
}

export function createCluster({ kubeconfig, oidcIssuer, readReferences, now }: ClusterOptions): Cluster {
  const { api } = connect(kubeconfig);
  const openList = createListOpener(api);
  const readServiceAccount = createSharedRead<V1ServiceAccount>(api);
  const readNamespace = createSharedRead<V1Namespace>(api);
  const readDiscovery = createSharedRead<Discovery>(api);
  let issuer = oidcIssuer;
  return {
    isConnected: true,
    findClaim: (ref) => findClaim(api, ref),
    isBoundLate: createBindingMode(api),
    findCsiDriver: createCsiDrivers(api, now),
    warnClaim: (ref, claim, warning) => createEvent(api, ref, claim, { ...warning, type: "Warning" }),
    informClaim: (ref, claim, notice) => createEvent(api, ref, claim, { ...notice, type: "Normal" }),
    findPod: (namespace, name) => findPod(api, namespace, name),
    listPodsUsing: createPodSearch(openList, now),
    async findClientId(namespace, name) {
      const doing = `ServiceAccount ${namespace}/${name}`;
      const path = apiPath`/api/v1/namespaces/${namespace}/serviceaccounts/${name}`;
      const account = await readServiceAccount(doing, path);
      return account && (account.metadata?.annotations?.[CLIENT_ID_ANNOTATION] ?? "");
    },
    async findNamespaceUid(name) {
      const path = apiPath`/api/v1/namespaces/${name}`;
      return (await readNamespace(`namespace ${name}`, path))?.metadata?.uid;
    },
    async issuer() {
      issuer ??= await discoverIssuer(readDiscovery);
      return issuer;
    },
    findVolumeUsing: createVolumeSearch({ api, openList, readReferences, now }),
    findVolume: (name) => findVolume(api, name),
    listClasses: () => listClasses(api),
    listVolumes: () => listVolumes(openList),
    listClaimUids: () => listClaimUids(openList),
  };
}

/** Without Kubernetes: for csi-sanity and the demo. */
export const NO_CLUSTER: Cluster = {
  isConnected: false,
  findClaim: async () => undefined,
  isBoundLate: async () => false,
  findCsiDriver: async () => undefined,
  warnClaim: async () => undefined,
  informClaim: async () => undefined,
  findPod: async () => undefined,
  listPodsUsing: async () => [],
  findClientId: async () => undefined,
  findNamespaceUid: async () => undefined,
  issuer: () =>
    Promise.reject(new DriverError("Misconfigured", "the cluster's issuer is not known without Kubernetes")),
  findVolumeUsing: async () => undefined,
  findVolume: async () => undefined,
  listClasses: async () => [],
  listVolumes: async () => [],
  listClaimUids: async () => new Set(),
};

/** OpenID Connect Discovery 1.0: the document is JSON with `issuer`. */
interface Discovery {
  readonly issuer?: unknown;
}

async function discoverIssuer(readDiscovery: SharedRead<Discovery>): Promise<string> {
  const document = await readDiscovery("the API server's OpenID configuration", "/.well-known/openid-configuration");
  const issuer = document?.issuer;
  if (typeof issuer === "string" && issuer !== "") return issuer;
  throw new DriverError("Misconfigured", "the API server names no ServiceAccount issuer: set --oidc-issuer");
}
