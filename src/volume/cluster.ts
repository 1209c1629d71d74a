/**
 * The port to Kubernetes: what a claim, a pod, a PersistentVolume and a CSIDriver object are to the story of a volume.
 * `kubernetes/` implements it; everybody else takes it from `ports.ts`.
 */

import type { FileSystemRef } from "./places.ts";

/** A claim's name, as csi-provisioner states it with `--extra-create-metadata`. */
export interface ClaimRef {
  readonly namespace: string;
  readonly name: string;
}

/** By which names a volume is looked for in the log; each absent where it is not known. */
export interface VolumeIdentity {
  /** The PersistentVolume's name, which is the CSI volume name. */
  readonly name?: string | undefined;
  /** The CSI volume id. */
  readonly id?: string | undefined;
  readonly claim?: ClaimRef | undefined;
}

/** A claim as the API server shows it. Tenants write it: it proves nothing. */
export interface Claim {
  readonly uid: string;
  /** Value of the annotation `keyless-csi/service-account`. */
  readonly serviceAccount?: string;
  /** The pod of a generic ephemeral volume. */
  readonly ownerPod?: { readonly name: string; readonly uid: string };
  /** Name of its StorageClass. */
  readonly className?: string;
}

/** A pod, as far as it states who uses a claim. */
export interface Pod {
  readonly name: string;
  readonly uid: string;
  readonly serviceAccount: string;
}

/** A PersistentVolume of any driver, as far as it states which file system and which identity it uses. */
export interface ClusterVolume {
  readonly name: string;
  /** `spec.csi.volumeHandle`, `""` for a volume that is not CSI's. */
  readonly handle: string;
  /** `spec.csi.volumeAttributes`, as they were written. */
  readonly attributes: Readonly<Record<string, string>>;
  /** `status.phase`: `Bound`, `Released` and so on; `""` where it is not stated. */
  readonly phase: string;
  /** Name of the driver that csi-provisioner has made it for; absent where it was written by hand. */
  readonly provisioner?: string;
  /** The claim that it is or was bound to. */
  readonly claim?: ClaimRef & { readonly uid: string };
}

/** A PersistentVolume with what another one for the same file system takes over. */
export interface MountableVolume extends ClusterVolume {
  readonly mountOptions: readonly string[];
  /** `spec.capacity.storage` as it was written; absent where it is not stated. */
  readonly capacity?: string;
}

/** A file system that a PersistentVolume names, all in lower case. */
export interface FileSystemReference {
  readonly name: string;
  /** Names of the accounts that it may be in; empty: any, since the volume does not say which. */
  readonly accounts: readonly string[];
}

/** A PersistentVolume that is neither Released nor Failed. */
export interface VolumeInUse {
  readonly name: string;
  /** `status.phase`, `""` where it is not stated. */
  readonly phase: string;
  readonly claim?: ClaimRef;
}

/** A StorageClass of any driver. */
export interface ClusterClass {
  readonly name: string;
  readonly provisioner: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** A CSIDriver object, as far as it decides whether the kubelet hands the node plugin tokens and calls it at all. */
export interface CsiDriver {
  readonly tokenRequests: readonly { readonly audience: string; readonly expirationSeconds?: number }[];
  /** The kubelet calls periodically, each time with a fresh token. */
  readonly isRepublished: boolean;
  /** Tokens travel in the call's secrets and not in the volume context (Kubernetes 1.35). */
  readonly hasTokensInSecrets: boolean;
  /** A volume is mounted only after somebody has attached it. */
  readonly isAttachRequired: boolean;
  /** It may be mounted from PersistentVolumes, not only inline. */
  readonly isPersistent: boolean;
}

/** What an event tells the owner of a claim. docs/reference/events.md lists the reasons. */
export interface Notice {
  /** One word, for the reason of an event. */
  readonly reason: string;
  readonly message: string;
}

/** A notice about something that is wrong. */
export type Warning = Notice;

/** What the API server knows: single reads, and lists where nothing else will do; nothing is watched. */
export interface Cluster {
  /** False without Kubernetes (csi-sanity, demo): the other methods then answer that there is nothing. */
  readonly isConnected: boolean;
  findClaim(claim: ClaimRef): Promise<Claim | undefined>;
  /** Whether the claim's class waits for the first consumer. */
  isBoundLate(claim: Claim): Promise<boolean>;
  /** What was found is remembered for a minute, and read again with `isFresh`; an absence or a failure is not remembered. */
  findCsiDriver(name: string, how?: { readonly isFresh: boolean }): Promise<CsiDriver | undefined>;
  /** Writes an event of type Warning on the claim: one for each claim and reason, however often it is asked for. */
  warnClaim(ref: ClaimRef, claim: Pick<Claim, "uid">, warning: Warning): Promise<void>;
  /** The same of type Normal: nothing is wrong. */
  informClaim(ref: ClaimRef, claim: Pick<Claim, "uid">, notice: Notice): Promise<void>;
  findPod(namespace: string, name: string): Promise<Pod | undefined>;
  /**
   * Pods of the namespace that name the claim in a volume and are Pending: a pod that waits for its claim is. Throws
   * Misconfigured, with what the tenant can do, when the namespace has too many to read them all.
   */
  listPodsUsing(claim: ClaimRef): Promise<readonly Pod[]>;
  /** The client id that the ServiceAccount's annotation names, `""` when it has none, undefined without ServiceAccount. */
  findClientId(namespace: string, serviceAccount: string): Promise<string | undefined>;
  /** UID of a namespace: a namespace recreated under its old name has another. */
  findNamespaceUid(namespace: string): Promise<string | undefined>;
  /** Issuer of the cluster's ServiceAccount tokens. */
  issuer(): Promise<string>;
  /**
   * A PersistentVolume of any driver that names the file system, or is named like it, and is neither Released nor Failed. That
   * there is none is said only by a list that began after the call; with `isRemembered` no list is read, and only the volume
   * that was found last time is looked at again.
   */
  findVolumeUsing(
    fileSystem: FileSystemRef,
    how?: { readonly isRemembered: boolean },
  ): Promise<VolumeInUse | undefined>;
  /** The PersistentVolume of this name, of whatever driver. */
  findVolume(name: string): Promise<MountableVolume | undefined>;
  /** Every StorageClass that exists. */
  listClasses(): Promise<readonly ClusterClass[]>;
  /** Every PersistentVolume, in whatever phase. */
  listVolumes(): Promise<readonly ClusterVolume[]>;
  /** The UIDs of all claims of all namespaces. */
  listClaimUids(): Promise<ReadonlySet<string>>;
}
