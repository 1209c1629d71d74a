// The requests of a load: what csi-provisioner sends for a claim, with names that are the same in every run.
import { createHash } from "node:crypto";

/** What the requests of a load have in common. */
export interface Shape {
  /** Distinguishes the volumes of one load from those of another; the same prefix and number are the same volume. */
  readonly prefix: string;
  /** Of the StorageClass. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Mount options of the StorageClass: with Kubernetes the controller refuses those that lose data. */
  readonly mountFlags: readonly string[];
  /** Whether the claim is named, as csi-provisioner does with --extra-create-metadata. */
  readonly namesClaim: boolean;
}

/** csi-provisioner's name for the volume of a claim is `pvc-` and the claim's UID: here a hash of prefix and number. */
export function volumeName({ prefix }: Pick<Shape, "prefix">, number: number): string {
  return `pvc-${uidOf(prefix, number)}`;
}

export function createRequest(shape: Shape, number: number) {
  const name = volumeName(shape, number);
  const uid = name.slice("pvc-".length);
  const claim = {
    "csi.storage.k8s.io/pvc/name": `claim-${uid}`,
    "csi.storage.k8s.io/pvc/namespace": "bench",
    "csi.storage.k8s.io/pv/name": name,
  };
  return {
    name,
    capacity_range: { required_bytes: 2 ** 30 },
    volume_capabilities: [
      {
        mount: { fs_type: "", mount_flags: [...shape.mountFlags] },
        access_mode: { mode: "MULTI_NODE_MULTI_WRITER" as const },
      },
    ],
    parameters: { ...shape.parameters, ...(shape.namesClaim ? claim : {}) },
  };
}

function uidOf(prefix: string, number: number): string {
  const hex = createHash("sha256").update(`${prefix}/${number}`).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
