// The ways to create a volume: the rows that the crash tests go through. A new mode is a new row.
import type { CreateVolumeRequestInit, Volume } from "../../../src/csi/proto.generated.ts";
import type { Emulator } from "../../../src/emulator/emulator.ts";
import { ALL_VARIANTS, type AzureVariants } from "../../../src/emulator/variants.ts";
import { SAFE_MOUNT } from "../../support/safe-mount.ts";
import { isFull } from "./figures.ts";

export interface Mode {
  readonly name: string;
  /** StorageClass parameters. Without `identity`, the clientID of the first workload is added. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Whether the account is deleted with the volume. */
  readonly ownsAccount: boolean;
  /** Whether the Blob service creates the containers (`--container-api=blob`). */
  readonly isOnDataPlane?: boolean;
  /** Part of every run; the other modes run only with `--full`. */
  readonly isInSelection: boolean;
  /** Where Azure may differ from its documentation: by default it does not. */
  readonly variants?: AzureVariants;
}

/** Isolation, scope of the role assignment, source of the identity: the selection has every pair of values once. */
const BY_ARM: readonly Mode[] = [
  {
    name: "isolation pool, role assignment on the container, identity of the class",
    parameters: { isolation: "pool" },
    ownsAccount: false,
    isInSelection: true,
  },
  {
    name: "isolation namespace, role assignment on the account, identity of the class",
    parameters: { isolation: "namespace", grantScope: "account" },
    ownsAccount: false,
    isInSelection: true,
  },
  {
    name: "isolation volume, role assignment on the container, identity of the ServiceAccount",
    parameters: { isolation: "volume", identity: "serviceAccount" },
    ownsAccount: true,
    isInSelection: true,
  },
  {
    name: "isolation volume, role assignment on the account, identity of the class",
    parameters: { isolation: "volume", grantScope: "account" },
    ownsAccount: true,
    isInSelection: false,
  },
  {
    name: "isolation volume, role assignment on the container, identity of the class",
    parameters: { isolation: "volume" },
    ownsAccount: true,
    isInSelection: false,
  },
  {
    name: "isolation volume, role assignment on the account, identity of the ServiceAccount",
    parameters: { isolation: "volume", grantScope: "account", identity: "serviceAccount" },
    ownsAccount: true,
    isInSelection: false,
  },
  {
    name: "isolation pool, role assignment on the container, identity of the ServiceAccount",
    parameters: { isolation: "pool", identity: "serviceAccount" },
    ownsAccount: false,
    isInSelection: false,
  },
  {
    name: "isolation namespace, role assignment on the container, identity of the class",
    parameters: { isolation: "namespace" },
    ownsAccount: false,
    isInSelection: false,
  },
  {
    name: "isolation namespace, role assignment on the container, identity of the ServiceAccount",
    parameters: { isolation: "namespace", identity: "serviceAccount" },
    ownsAccount: false,
    isInSelection: false,
  },
  {
    name: "isolation namespace, role assignment on the account, identity of the ServiceAccount",
    parameters: { isolation: "namespace", grantScope: "account", identity: "serviceAccount" },
    ownsAccount: false,
    isInSelection: false,
  },
  {
    name: "isolation pool of 4 with soft delete, role assignment on the container, identity of the class",
    parameters: { isolation: "pool", poolSize: "4", softDeleteBlobs: "7", softDeleteContainers: "7" },
    ownsAccount: false,
    isInSelection: false,
  },
];

/** The same with containers on the data plane, of which the one without any ARM call for a volume is in the selection. */
const ON_DATA_PLANE: readonly Mode[] = BY_ARM.map((mode) => ({
  ...mode,
  name: `${mode.name}, containers on the data plane`,
  isOnDataPlane: true,
  isInSelection: mode.isInSelection && mode.parameters["grantScope"] === "account",
}));

const MODES: readonly Mode[] = [...BY_ARM, ...ON_DATA_PLANE];

/** The same modes where Azure does all that it may (lists and reads that lag, refusals at vanished scopes, and so on). */
const OTHERWISE: readonly Mode[] = MODES.map((mode) => ({
  ...mode,
  name: `${mode.name}, Azure with every variant`,
  // Each costs a minute: the variants concern role assignments and accounts, of which these two have all.
  isInSelection: mode.isInSelection && mode.isOnDataPlane !== true && mode.parameters["isolation"] !== "pool",
  // With the last of them there are no containers on the data plane for the controller's role.
  variants: { ...ALL_VARIANTS, containersNeedDataAction: mode.isOnDataPlane !== true },
}));

/** A selection in an ordinary run, every mode with `--full`. */
export const modes: readonly Mode[] = [...MODES, ...OTHERWISE].filter(({ isInSelection }) => isFull || isInSelection);

/** Namespace of the emulator's seeded workloads, and of every claim here. */
export const NAMESPACE = "demo";
/** The claim's name; its UID is the volume name's. */
export const CLAIM = "data";

/** A request as csi-provisioner sends it; the same name and parameters give the same volume. */
export function requestOf(
  emulator: Emulator,
  name: string,
  parameters: Readonly<Record<string, string>> = {},
): CreateVolumeRequestInit {
  const clientID = emulator.info.identities[0]?.clientId ?? "";
  return {
    name,
    capacity_range: { required_bytes: String(2 ** 30) },
    volume_capabilities: [{ mount: SAFE_MOUNT, access_mode: { mode: "SINGLE_NODE_MULTI_WRITER" } }],
    parameters: { ...(parameters["identity"] === undefined && { clientID }), ...parameters },
  };
}

/** The same for a claim in a cluster: with what `--extra-create-metadata` adds. */
export function claimRequestOf(
  emulator: Emulator,
  name: string,
  parameters: Readonly<Record<string, string>> = {},
): CreateVolumeRequestInit {
  const metadata = { "csi.storage.k8s.io/pvc/name": CLAIM, "csi.storage.k8s.io/pvc/namespace": NAMESPACE };
  return requestOf(emulator, name, { ...parameters, ...metadata });
}

/** `pvc-` and a claim's UID; equal numbers give equal names. */
export function volumeName(number: number): string {
  return `pvc-${claimUid(number)}`;
}

export function claimUid(number: number): string {
  return `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
}

/** The volume in an answer. */
export function volumeOf(answer: { volume: Volume | null }): Volume {
  if (answer.volume === null) throw new Error("CreateVolume answered no volume");
  return answer.volume;
}
