/**
 * Everything about a volume that can be computed from the request alone: the class, the names, the tags, the metadata.
 * Made before anything is touched, and the same on every retry.
 */
import { DriverError } from "../errors.ts";
import { parseVolumeClass } from "./class-parameters.ts";
import type { AccountTags } from "./formats/account-tags.ts";
import { encodeMetadata } from "./formats/file-system-metadata.ts";
import {
  ACCOUNT_NAME_ATTEMPTS,
  accountName,
  containerName,
  hashOf,
  NAMING_VERSION,
  shardOf,
  strictContainerName,
} from "./names.ts";
import type { AccountRef, AccountSpec, ClaimRef, Settings } from "./ports.ts";
import type { VolumeClass } from "./volume-class.ts";

const GIBIBYTE = 2 ** 30;
/** Recorded, not enforced: Azure does not limit a container. */
const DEFAULT_SIZE_BYTES = GIBIBYTE;
/** What a storage account holds by default (azure.md 1: 5 PiB). */
export const MAX_SIZE_BYTES = 5 * 2 ** 50;

/** What a caller asks of a volume's size. */
export interface SizeRange {
  /** 0 when the caller states none. */
  readonly requiredBytes: number;
  /** 0 when the caller states none. */
  readonly limitBytes: number;
}

/** What CreateVolume is asked for, in our own types. */
export interface VolumeRequest extends SizeRange {
  /** The CSI volume name: `pvc-<claim uid>` from csi-provisioner. */
  readonly name: string;
  /** Of the StorageClass, as they were written. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly claim?: ClaimRef;
  /** The class's `mountOptions`, as they were written. */
  readonly mountFlags: readonly string[];
  /** CSI's names of what the claim asks for: `MULTI_NODE_MULTI_WRITER` and so on. */
  readonly accessModes: readonly string[];
}

/** An account that may hold the volume, in the order of preference. */
export interface AccountCandidate {
  readonly ref: AccountRef;
  /** Absent for an account that an administrator has made. */
  readonly tags?: AccountTags;
}

export interface VolumePlan {
  readonly request: VolumeRequest;
  readonly volumeClass: VolumeClass;
  readonly sizeBytes: number;
  readonly candidates: readonly AccountCandidate[];
  /** Tags that the class asks for beside those of the candidate. */
  readonly classTags: Readonly<Record<string, string>>;
  /** Without tags: each candidate brings its own. */
  readonly accountSpec: Omit<AccountSpec, "tags">;
  readonly containerName: string;
  readonly containerMetadata: Readonly<Record<string, string>>;
  /** Hash of the parameters: the same name with another one is another volume (ALREADY_EXISTS). */
  readonly requestHash: string;
}

/** Throws InvalidRequest or OutOfRange; makes no call. */
export function planVolume(request: VolumeRequest, settings: Settings): VolumePlan {
  const volumeClass = parseVolumeClass(request.parameters, settings);
  if (volumeClass.isolation === "namespace" && request.claim === undefined) {
    throw new DriverError(
      "Misconfigured",
      'isolation "namespace" needs the claim\'s namespace: run csi-provisioner with --extra-create-metadata',
    );
  }
  const sizeBytes = chooseSize(request);
  const requestHash = hashOf(lowerCaseKeys(request.parameters));
  return {
    request,
    volumeClass,
    sizeBytes,
    candidates: candidatesFor(volumeClass, request, settings),
    classTags: volumeClass.tags,
    accountSpec: accountSpecOf(volumeClass),
    containerName:
      volumeClass.storageAccount === undefined ? containerName(request.name) : strictContainerName(request.name),
    containerMetadata: encodeMetadata({
      clusterId: settings.clusterId,
      volumeName: request.name,
      sizeBytes,
      requestHash,
      claim: request.claim,
    }),
    requestHash,
  };
}

/** Throws OutOfRange for a size that no account holds, InvalidRequest for a limit below the size. */
export function assertSize({ requiredBytes, limitBytes }: SizeRange): void {
  if (requiredBytes > MAX_SIZE_BYTES) {
    throw new DriverError(
      "OutOfRange",
      `required_bytes ${requiredBytes} is over the maximum of 5 PiB (${MAX_SIZE_BYTES} bytes): ask for less`,
    );
  }
  if (limitBytes > 0 && limitBytes < requiredBytes) {
    throw new DriverError(
      "InvalidRequest",
      `limit_bytes ${limitBytes} is below required_bytes ${requiredBytes}: raise the limit`,
    );
  }
}

/** CSI: the size is at least `required_bytes` and at most `limit_bytes`. */
function chooseSize(range: SizeRange): number {
  assertSize(range);
  if (range.requiredBytes > 0) return range.requiredBytes;
  return range.limitBytes > 0 ? Math.min(range.limitBytes, DEFAULT_SIZE_BYTES) : DEFAULT_SIZE_BYTES;
}

/**
 * The pool key holds what shapes an account and for whom it is, so that classes that differ never share one. Values that
 * are not set stay out, so that a parameter of a later release does not rename the accounts of today.
 */
function candidatesFor(volumeClass: VolumeClass, request: VolumeRequest, settings: Settings): AccountCandidate[] {
  const { subscriptionId, resourceGroup, storageAccount, isolation } = volumeClass;
  if (storageAccount !== undefined) return [{ ref: { subscriptionId, resourceGroup, name: storageAccount } }];
  const namespace = request.claim?.namespace ?? "";
  const isolationKey = { pool: "", namespace, volume: request.name }[isolation];
  const pool = hashOf({ version: NAMING_VERSION, ...shapeOf(volumeClass), isolationKey });
  const shard = shardOf(request.name, volumeClass.poolSize);
  return Array.from({ length: ACCOUNT_NAME_ATTEMPTS }, (_, attempt) => {
    const parts = { clusterId: settings.clusterId, pool, shard, attempt };
    const owner = {
      pool: {},
      namespace: { namespace },
      volume: { fileSystem: containerName(request.name) },
    }[isolation];
    return {
      ref: { subscriptionId, resourceGroup, name: accountName(parts) },
      tags: { ...parts, isolation, ...owner },
    };
  });
}

/** Spelt out, so that a new field of the class cannot slip into the key and rename every account. */
function shapeOf(volumeClass: VolumeClass): Record<string, unknown> {
  return {
    subscriptionId: volumeClass.subscriptionId.toLowerCase(),
    resourceGroup: volumeClass.resourceGroup.toLowerCase(),
    location: volumeClass.location,
    skuName: volumeClass.skuName,
    accessTier: volumeClass.accessTier,
    isHnsEnabled: volumeClass.isHnsEnabled,
    publicNetworkAccess: volumeClass.publicNetworkAccess,
    requireInfrastructureEncryption: volumeClass.requireInfrastructureEncryption,
    softDeleteBlobsDays: volumeClass.softDeleteBlobsDays,
    softDeleteContainersDays: volumeClass.softDeleteContainersDays,
    tags: volumeClass.tags,
    isolation: volumeClass.isolation,
    grantScope: volumeClass.grantScope,
  };
}

function accountSpecOf(volumeClass: VolumeClass): Omit<AccountSpec, "tags"> {
  const skuName = volumeClass.skuName ?? "Standard_LRS";
  const optional = {
    accessTier: volumeClass.accessTier,
    isHnsEnabled: volumeClass.isHnsEnabled,
    publicNetworkAccess: volumeClass.publicNetworkAccess,
    requireInfrastructureEncryption: volumeClass.requireInfrastructureEncryption,
    softDeleteBlobsDays: volumeClass.softDeleteBlobsDays,
    softDeleteContainersDays: volumeClass.softDeleteContainersDays,
  };
  const stated = Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined));
  const kind = skuName.startsWith("Premium") ? "BlockBlobStorage" : "StorageV2";
  return { location: volumeClass.location, skuName, kind, ...stated };
}

function lowerCaseKeys(parameters: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(parameters).map(([key, value]) => [key.toLowerCase(), value]));
}
