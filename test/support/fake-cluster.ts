// A cluster in memory, for tests of the driver's own decisions; test/cluster uses a real API server.
import { blobBackend } from "../../src/backend/blob/backend.ts";
import { RECOMMENDED_OPTIONS } from "../../src/backend/blob/mount-options.ts";
import type { Volume } from "../../src/csi/proto.generated.ts";
import type {
  Claim,
  ClaimRef,
  Cluster,
  ClusterClass,
  ClusterVolume,
  CsiDriver,
  MountableVolume,
  Notice,
  Pod,
  Warning,
} from "../../src/volume/ports.ts";
import { mayReferTo, namedFileSystems } from "../../src/volume/references.ts";

/** A CSIDriver object as deploy/manifests has it. */
export const SHIPPED_DRIVER: CsiDriver = {
  tokenRequests: [{ audience: "api://AzureADTokenExchange", expirationSeconds: 3600 }],
  isRepublished: true,
  hasTokensInSecrets: false,
  isAttachRequired: false,
  isPersistent: true,
};

/** A claim, and whether its class waits for the first consumer. */
export type FakeClaim = Claim & { readonly isBoundLate: boolean };

/** The mark of a fake cluster, unless a test says otherwise. */
export const CLUSTER_UID = "c0ffee00-0000-4000-8000-000000000001";

export interface FakeCluster extends Cluster {
  /** `namespace/name` -> claim. */
  readonly claims: Map<string, FakeClaim>;
  /** `namespace/name` -> pod, and the names of the claims it uses. */
  readonly pods: Map<string, Pod & { readonly uses: readonly string[] }>;
  /** `namespace/name` -> client id of its annotation, `""` for none. */
  readonly serviceAccounts: Map<string, string>;
  /** name -> UID. */
  readonly namespaces: Map<string, string>;
  /** name -> CSIDriver. */
  readonly csiDrivers: Map<string, CsiDriver>;
  /** name -> CSIDriver as it was earlier, for callers that do not ask for a fresh one. */
  readonly rememberedDrivers: Map<string, CsiDriver>;
  /** StorageClasses. */
  readonly classes: ClusterClass[];
  /** Warnings written on claims. */
  readonly warnings: (ClaimRef & Warning)[];
  /** Events of type Normal written on claims. */
  readonly notices: (ClaimRef & Notice)[];
  /** Names of PersistentVolumes that are in use. */
  readonly volumes: Set<string>;
  /** PersistentVolumes of any phase, beside those of `volumes`. */
  readonly persistentVolumes: (ClusterVolume & Partial<MountableVolume>)[];
}

export function createFakeCluster(issuer: string, clusterUid = CLUSTER_UID): FakeCluster {
  const claims: FakeCluster["claims"] = new Map();
  const pods: FakeCluster["pods"] = new Map();
  const serviceAccounts: FakeCluster["serviceAccounts"] = new Map();
  const namespaces: FakeCluster["namespaces"] = new Map([["kube-system", clusterUid]]);
  const csiDrivers: FakeCluster["csiDrivers"] = new Map([["keyless.blob.csi", SHIPPED_DRIVER]]);
  const rememberedDrivers: FakeCluster["rememberedDrivers"] = new Map();
  const classes: ClusterClass[] = [];
  const warnings: FakeCluster["warnings"] = [];
  const notices: FakeCluster["notices"] = [];
  const volumes = new Set<string>();
  const persistentVolumes: FakeCluster["persistentVolumes"] = [];
  const listVolumes = async () => [
    ...persistentVolumes,
    ...[...volumes].map((name) => ({ name, handle: "", attributes: {}, phase: "Bound" })),
  ];
  return {
    claims,
    pods,
    serviceAccounts,
    namespaces,
    csiDrivers,
    rememberedDrivers,
    classes,
    warnings,
    notices,
    volumes,
    persistentVolumes,
    isConnected: true,
    findClaim: async ({ namespace, name }) => claims.get(`${namespace}/${name}`),
    isBoundLate: async ({ uid }) => [...claims.values()].some((claim) => claim.uid === uid && claim.isBoundLate),
    findCsiDriver: async (name, how) =>
      (how?.isFresh ? undefined : rememberedDrivers.get(name)) ?? csiDrivers.get(name),
    warnClaim: async (ref, _, warning) => void warnings.push({ ...ref, ...warning }),
    informClaim: async (ref, _, notice) => void notices.push({ ...ref, ...notice }),
    findPod: async (namespace, name) => pods.get(`${namespace}/${name}`),
    listPodsUsing: async ({ namespace, name }) =>
      [...pods]
        .filter(([key, { uses }]) => key.startsWith(`${namespace}/`) && uses.includes(name))
        .map(([, pod]) => pod),
    findClientId: async (namespace, name) => serviceAccounts.get(`${namespace}/${name}`),
    findNamespaceUid: async (name) => namespaces.get(name),
    issuer: async () => issuer,
    findVolumeUsing: async (fileSystem, how) =>
      (how?.isRemembered ? [] : await listVolumes()).find(
        (volume) =>
          !["Released", "Failed"].includes(volume.phase) &&
          namedFileSystems(volume, blobBackend.readReferences).some((each) => mayReferTo(each, fileSystem)),
      ),
    async findVolume(wanted) {
      const found = persistentVolumes.find(({ name }) => name === wanted);
      return found && { mountOptions: RECOMMENDED_OPTIONS, ...found };
    },
    listClasses: async () => classes,
    listVolumes,
    listClaimUids: async () => new Set([...claims.values()].map(({ uid }) => uid)),
  };
}

/** The PersistentVolume that csi-provisioner makes of what CreateVolume has answered, bound to its claim. */
export function persistentVolumeOf(
  { volume_id, volume_context }: Pick<Volume, "volume_id" | "volume_context">,
  name: string,
  claim: NonNullable<ClusterVolume["claim"]>,
): ClusterVolume {
  return { name, handle: volume_id, attributes: volume_context, phase: "Bound", claim };
}
