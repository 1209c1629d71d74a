/**
 * The cluster port on a real API server: single reads, the pods of a namespace, and for `orphans` and the drift check all
 * volumes. Nothing is watched, and only events are written (and the Lease, in leases.ts). The only folder that imports @kubernetes/client-node.
 */
import type { CoreV1Api, StorageV1Api, V1PersistentVolumeClaim, V1Pod, WellKnownApi } from "@kubernetes/client-node";
import { DriverError } from "../errors.ts";
import type { Claim, ClaimRef, Cluster, Pod } from "../volume/ports.ts";
import { SERVICE_ACCOUNT_ANNOTATION } from "../volume/service-account.ts";
import { createClients } from "./clients.ts";
import { createCsiDrivers } from "./csi-drivers.ts";
import { createWarning } from "./events.ts";
import { read, reading } from "./faults.ts";
import { listClaimUids, listVolumes } from "./lists.ts";

/** Source: Azure Workload Identity, "Service account labels and annotations". */
const CLIENT_ID_ANNOTATION = "azure.workload.identity/client-id";

/** Phases in which a PersistentVolume is no longer in use. */
const LEFT_PHASES = ["Released", "Failed"];
/** Phases in which a pod no longer uses its claims. */
const ENDED_PHASES = ["Succeeded", "Failed"];

export interface ClusterOptions {
  /** Absent: the cluster that this process runs in. */
  readonly kubeconfig?: string | undefined;
  /** Absent: taken from the API server's discovery document. */
  readonly oidcIssuer?: string | undefined;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
}

export function createCluster({ kubeconfig, oidcIssuer, now }: ClusterOptions): Cluster {
  const { core, storage, wellKnown } = createClients(kubeconfig);
  let issuer = oidcIssuer;
  return {
    isConnected: true,
    async findClaim(ref) {
      const claim = await read(`claim ${nameOf(ref)}`, () => core.readNamespacedPersistentVolumeClaim({ ...ref }));
      return claim && toClaim(claim, await isBoundLate(storage, claim.spec?.storageClassName));
    },
    findCsiDriver: createCsiDrivers(storage, now),
    warnClaim: (ref, claim, warning) => createWarning(core, ref, claim, warning),
    async findPod(namespace, name) {
      const pod = await read(`pod ${namespace}/${name}`, () => core.readNamespacedPod({ namespace, name }));
      return pod && toPod(pod);
    },
    listPodsUsing: (ref) => listPodsUsing(core, ref),
    async findClientId(namespace, name) {
      const doing = `ServiceAccount ${namespace}/${name}`;
      const account = await read(doing, () => core.readNamespacedServiceAccount({ namespace, name }));
      return account && (account.metadata?.annotations?.[CLIENT_ID_ANNOTATION] ?? "");
    },
    async findNamespaceUid(name) {
      return (await read(`namespace ${name}`, () => core.readNamespace({ name })))?.metadata?.uid;
    },
    async issuer() {
      issuer ??= await discoverIssuer(wellKnown);
      return issuer;
    },
    async isVolumeInUse(name) {
      const volume = await read(`PersistentVolume ${name}`, () => core.readPersistentVolume({ name }));
      return volume !== undefined && !LEFT_PHASES.includes(volume.status?.phase ?? "");
    },
    listVolumes: () => reading("all PersistentVolumes", () => listVolumes(core)),
    listClaimUids: () => reading("all claims", () => listClaimUids(core)),
  };
}

/** Without Kubernetes: for csi-sanity and the demo. */
export const NO_CLUSTER: Cluster = {
  isConnected: false,
  findClaim: async () => undefined,
  findCsiDriver: async () => undefined,
  warnClaim: async () => undefined,
  findPod: async () => undefined,
  listPodsUsing: async () => [],
  findClientId: async () => undefined,
  findNamespaceUid: async () => undefined,
  issuer: () =>
    Promise.reject(new DriverError("Misconfigured", "the cluster's issuer is not known without Kubernetes")),
  isVolumeInUse: async () => false,
  listVolumes: async () => [],
  listClaimUids: async () => new Set(),
};

function toClaim({ metadata, spec }: V1PersistentVolumeClaim, isLate: boolean): Claim {
  const className = spec?.storageClassName;
  const serviceAccount = metadata?.annotations?.[SERVICE_ACCOUNT_ANNOTATION];
  const owner = metadata?.ownerReferences?.find(({ kind, controller }) => kind === "Pod" && controller === true);
  return {
    uid: metadata?.uid ?? "",
    isBoundLate: isLate,
    ...(className && { className }),
    ...(serviceAccount !== undefined && { serviceAccount }),
    ...(owner && { ownerPod: { name: owner.name, uid: owner.uid } }),
  };
}

function toPod({ metadata, spec }: V1Pod): Pod {
  return {
    name: metadata?.name ?? "",
    uid: metadata?.uid ?? "",
    serviceAccount: spec?.serviceAccountName || "default",
  };
}

async function isBoundLate(storage: StorageV1Api, className: string | undefined): Promise<boolean> {
  if (className === undefined || className === "") return false;
  const found = await read(`StorageClass ${className}`, () => storage.readStorageClass({ name: className }));
  return found?.volumeBindingMode === "WaitForFirstConsumer";
}

async function listPodsUsing(core: CoreV1Api, { namespace, name }: ClaimRef): Promise<Pod[]> {
  const pods = await read(`pods of namespace ${namespace}`, () => core.listNamespacedPod({ namespace }));
  const uses = ({ spec, status }: V1Pod) =>
    !ENDED_PHASES.includes(status?.phase ?? "") &&
    spec?.volumes?.some(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName === name) === true;
  return (pods?.items ?? []).filter(uses).map(toPod);
}

/** OpenID Connect Discovery 1.0: the document is JSON with `issuer`. The client types it as a string. */
async function discoverIssuer(wellKnown: WellKnownApi): Promise<string> {
  const document: unknown = await read("the API server's OpenID configuration", () =>
    wellKnown.getServiceAccountIssuerOpenIDConfiguration(),
  );
  const parsed = typeof document === "string" ? (JSON.parse(document) as unknown) : document;
  const { issuer } = (parsed ?? {}) as { issuer?: unknown };
  if (typeof issuer === "string" && issuer !== "") return issuer;
  throw new DriverError("Misconfigured", "the API server names no ServiceAccount issuer: set --oidc-issuer");
}

function nameOf({ namespace, name }: ClaimRef): string {
  return `${namespace}/${name}`;
}
