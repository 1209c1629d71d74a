/**
 * The objects of an installation: what a bug report about it needs, and nothing else. Of volumes, claims and events only those of
 * the driver; Secrets never.
 */
import type { V1DaemonSetSpec, V1ObjectMeta } from "@kubernetes/client-node";
import { apiPath } from "../api.ts";
import type { Listing, OpenList } from "../pages.ts";
import { type Attempt, attempt } from "./attempt.ts";

/** As the API server sends it. */
export interface KubernetesObject {
  readonly metadata?: V1ObjectMeta;
  readonly [field: string]: unknown;
}

/** Some objects of one kind. */
export interface Objects {
  readonly objects: readonly KubernetesObject[];
  /** How many there are in all. */
  readonly count: number;
  /** Those of this namespace alone, where no more may be listed. */
  readonly only?: string;
}

/** Of one installation. */
export interface InstallationNames {
  readonly driverName: string;
  /** Name of the CSIDriver object of the node plugin; `""`: none is read. */
  readonly nodeDriver: string;
  /** Where the controller most likely runs: looked at where not every namespace may be. */
  readonly namespace: string;
}

/** By a name for people, in the order of reading. */
export type ClusterObjects = ReadonlyMap<string, Attempt<Objects>>;

/** The label of the controller's objects and its pods, which deploy/manifests and the chart set. */
const CONTROLLER = "keyless-csi";
/** The same of the dedicated node plugin. */
const NODE_PLUGIN = "keyless-csi-node";
const OURS = `app.kubernetes.io/name in (${CONTROLLER},${NODE_PLUGIN})`;
/** Annotations by which csi-provisioner knows its own (sig-storage-lib-external-provisioner, `annStorageProvisioner`). */
const OF_CLAIM = ["volume.kubernetes.io/storage-provisioner", "volume.beta.kubernetes.io/storage-provisioner"];
const OF_VOLUME = "pv.kubernetes.io/provisioned-by";

const ADMISSION = "/apis/admissionregistration.k8s.io/v1";
/** All of them are read; a cluster has some thousands, and a report is read by people. */
const MOST = 1_000;

/** In namespaces. */
const NAMESPACED = [
  "deployments",
  "daemonsets",
  "replicasets",
  "pods",
  "services",
  "poddisruptionbudgets",
  "networkpolicies",
  "leases",
];
/** Read whole, by their label. */
const LABELLED = {
  deployments: "/apis/apps/v1/deployments",
  replicasets: "/apis/apps/v1/replicasets",
  pods: "/api/v1/pods",
  services: "/api/v1/services",
  poddisruptionbudgets: "/apis/policy/v1/poddisruptionbudgets",
  networkpolicies: "/apis/networking.k8s.io/v1/networkpolicies",
  validatingadmissionpolicies: `${ADMISSION}/validatingadmissionpolicies`,
  validatingadmissionpolicybindings: `${ADMISSION}/validatingadmissionpolicybindings`,
  mutatingadmissionpolicies: `${ADMISSION}/mutatingadmissionpolicies`,
  mutatingadmissionpolicybindings: `${ADMISSION}/mutatingadmissionpolicybindings`,
  clusterroles: "/apis/rbac.authorization.k8s.io/v1/clusterroles",
  clusterrolebindings: "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
} as const;

/** Rejects only for a fault of this program. */
export async function readObjects(openList: OpenList, names: InstallationNames): Promise<ClusterObjects> {
  const found = new Map<string, Attempt<Objects>>();
  const read = async (name: string, wanted: Wanted) => {
    const everywhere = await attempt(() => listSome(openList, wanted));
    const { namespace } = names;
    const result =
      "why" in everywhere && NAMESPACED.includes(name)
        ? await listIn(namespace, openList, wanted, everywhere)
        : everywhere;
    found.set(name, result);
    return "value" in result ? result.value.objects : [];
  };
  for (const [name, path] of Object.entries(LABELLED)) await read(name, { path, labelSelector: OURS });
  const pods = new Set([...podsOf(found, "controller"), ...podsOf(found, "node plugin")].map(uidOf));
  await read("events-of-pods", eventsOf("Pod", pods));
  await readOfDriver(read, names);
  return found;
}

/** What the namespace has, where that may be listed; otherwise why not even that is known, as of everywhere. */
async function listIn(
  namespace: string,
  openList: OpenList,
  wanted: Wanted,
  everywhere: Attempt<Objects>,
): Promise<Attempt<Objects>> {
  const path = wanted.path.replace(/[^/]+$/, `${apiPath`namespaces/${namespace}`}/$&`);
  const there = await attempt(() => listSome(openList, { ...wanted, path }));
  return "why" in there ? everywhere : { value: { ...there.value, only: namespace } };
}

interface Wanted extends Pick<Listing<unknown, unknown>, "path" | "fieldSelector" | "labelSelector"> {
  /** Absent: all. */
  readonly isWanted?: (object: KubernetesObject) => boolean;
  /** Objects that a report needs before the others. */
  readonly isRemarkable?: (object: KubernetesObject) => boolean;
}

type Read = (name: string, wanted: Wanted) => Promise<readonly KubernetesObject[]>;

async function readOfDriver(read: Read, { driverName, nodeDriver }: InstallationNames): Promise<void> {
  await read("daemonsets", { path: "/apis/apps/v1/daemonsets", isWanted: isNodePlugin });
  await read("csidrivers", {
    path: "/apis/storage.k8s.io/v1/csidrivers",
    isWanted: (object) => [driverName, nodeDriver].includes(nameOf(object)),
  });
  const classes = await read("storageclasses", {
    path: "/apis/storage.k8s.io/v1/storageclasses",
    isWanted: ({ provisioner }) => provisioner === driverName,
  });
  await read("leases", {
    path: "/apis/coordination.k8s.io/v1/leases",
    isWanted: (object) => isLeaseOf(nameOf(object), driverName),
  });
  const classNames = new Set(classes.map(nameOf));
  await readWithEvents(read, "persistentvolumes", "PersistentVolume", (object) => isVolumeOf(object, driverName));
  await readWithEvents(read, "persistentvolumeclaims", "PersistentVolumeClaim", (object) =>
    isClaimOf(object, driverName, classNames),
  );
}

/** Objects, those that are not Bound first, and their events, warnings first. */
async function readWithEvents(
  read: Read,
  name: string,
  kind: string,
  isOurs: (object: KubernetesObject) => boolean,
): Promise<void> {
  const uids = new Set<string>();
  await read(name, {
    path: `/api/v1/${name}`,
    isWanted(object) {
      const isWanted = isOurs(object);
      if (isWanted) uids.add(uidOf(object));
      return isWanted;
    },
    isRemarkable: ({ status }) => (status as { phase?: string } | undefined)?.phase !== "Bound",
  });
  await read(`events-of-${name}`, eventsOf(kind, uids));
}

function eventsOf(kind: string, uids: ReadonlySet<string>): Wanted {
  return {
    path: "/api/v1/events",
    fieldSelector: `involvedObject.kind=${kind}`,
    isWanted: (object) => uids.has((object["involvedObject"] as { uid?: string } | undefined)?.uid ?? ""),
    isRemarkable: ({ type }) => type === "Warning",
  };
}

const uidOf = ({ metadata }: KubernetesObject) => metadata?.uid ?? "";
const nameOf = ({ metadata }: KubernetesObject) => metadata?.name ?? "";

/** The dedicated one, or that of blob.csi.azure.com, which AKS and its chart name and label differently: by its image. */
function isNodePlugin({ metadata, spec }: KubernetesObject): boolean {
  const isDedicated = metadata?.labels?.["app.kubernetes.io/name"] === NODE_PLUGIN;
  const { containers = [] } = (spec as V1DaemonSetSpec | undefined)?.template.spec ?? {};
  return isDedicated || containers.some(({ image = "" }) => /\/blob-csi\b/.test(image));
}

/** Those of the sidecars write the driver's name with dashes (csi-lib-utils, leaderelection). */
function isLeaseOf(lease: string, driverName: string): boolean {
  return lease.includes(driverName) || lease.includes(driverName.replaceAll(/[^a-zA-Z0-9-]/g, "-"));
}

/** Also one that was given to another driver's node plugin. */
function isVolumeOf({ metadata, spec }: KubernetesObject, driverName: string): boolean {
  const { csi } = (spec ?? {}) as { readonly csi?: { readonly driver?: string } };
  return csi?.driver === driverName || metadata?.annotations?.[OF_VOLUME] === driverName;
}

/** By its class, or by what csi-provisioner has written on it, since the class may be gone. */
function isClaimOf({ metadata, spec }: KubernetesObject, driverName: string, classNames: ReadonlySet<string>): boolean {
  const { storageClassName = "" } = (spec ?? {}) as { readonly storageClassName?: string };
  return classNames.has(storageClassName) || OF_CLAIM.some((name) => metadata?.annotations?.[name] === driverName);
}

/** At most MOST objects, the remarkable ones first; of the others the first. */
async function listSome(openList: OpenList, wanted: Wanted): Promise<Objects> {
  const { isWanted = () => true, isRemarkable = () => false, ...place } = wanted;
  const [first, others]: [KubernetesObject[], KubernetesObject[]] = [[], []];
  let count = 0;
  await openList<KubernetesObject, never>({
    ...place,
    keep(object) {
      if (!isWanted(object)) return undefined;
      count += 1;
      const place = isRemarkable(object) ? first : others;
      if (place.length < MOST) place.push(object);
      return undefined;
    },
  });
  return { objects: [...first, ...others].slice(0, MOST), count };
}

/** The pods of the controller among those that were read, or of the node plugin. */
export function podsOf(objects: ClusterObjects, part: "controller" | "node plugin"): readonly KubernetesObject[] {
  const pods = objects.get("pods");
  const label = part === "controller" ? CONTROLLER : NODE_PLUGIN;
  const isOfPart = ({ metadata }: KubernetesObject) => metadata?.labels?.["app.kubernetes.io/name"] === label;
  return pods !== undefined && "value" in pods ? pods.value.objects.filter(isOfPart) : [];
}
