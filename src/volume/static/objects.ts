/** The PersistentVolume and the claim of a static volume, as Kubernetes' API has them. */
import type { ClaimRef } from "../ports.ts";

/** What is asked for in a claim where nothing says how much: a label, nothing limits the data. */
const DEFAULT_CAPACITY = "1Gi";
/** Pods on several nodes may write: nothing but the data itself has an opinion on that. */
const ACCESS_MODES = ["ReadWriteMany"] as const;

export interface StaticObjects {
  readonly persistentVolume: {
    readonly apiVersion: "v1";
    readonly kind: "PersistentVolume";
    readonly metadata: { readonly name: string };
    readonly spec: {
      readonly capacity: { readonly storage: string };
      readonly accessModes: readonly string[];
      /** The data is not this volume's: nothing may delete it with the claim. */
      readonly persistentVolumeReclaimPolicy: "Retain";
      readonly storageClassName: "";
      /** Nobody else's claim takes it. */
      readonly claimRef: ClaimRef;
      readonly csi: {
        readonly driver: string;
        readonly volumeHandle: string;
        readonly volumeAttributes: Readonly<Record<string, string>>;
      };
      readonly mountOptions: readonly string[];
    };
  };
  readonly claim: {
    readonly apiVersion: "v1";
    readonly kind: "PersistentVolumeClaim";
    readonly metadata: ClaimRef;
    readonly spec: {
      readonly accessModes: readonly string[];
      readonly storageClassName: "";
      readonly volumeName: string;
      readonly resources: { readonly requests: { readonly storage: string } };
    };
  };
}

export interface ObjectsSource {
  readonly volumeName: string;
  readonly claim: ClaimRef;
  /** Name of the driver whose node plugin mounts it. */
  readonly driver: string;
  readonly handle: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly mountOptions: readonly string[];
  /** As Kubernetes writes quantities. */
  readonly capacity?: string | undefined;
}

export function toObjects(source: ObjectsSource): StaticObjects {
  const { volumeName, claim, driver, handle, attributes, mountOptions, capacity: storage = DEFAULT_CAPACITY } = source;
  const { namespace, name } = claim;
  return {
    persistentVolume: {
      apiVersion: "v1",
      kind: "PersistentVolume",
      metadata: { name: volumeName },
      spec: {
        capacity: { storage },
        accessModes: ACCESS_MODES,
        persistentVolumeReclaimPolicy: "Retain",
        storageClassName: "",
        claimRef: { namespace, name },
        csi: { driver, volumeHandle: handle, volumeAttributes: attributes },
        mountOptions,
      },
    },
    claim: {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name, namespace },
      spec: {
        accessModes: ACCESS_MODES,
        storageClassName: "",
        volumeName,
        resources: { requests: { storage } },
      },
    },
  };
}
