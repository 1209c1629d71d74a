/**
 * Everything about a volume that can be computed from the request alone: the class, the names, the tags, the metadata.
 * Made before anything is touched, and the same on every retry.
 */
import { DriverError } from "../errors.ts";
import { poolTagsOf, type Tenant } from "./account/account-names.ts";
import { parseVolumeClass } from "./class/parse-class.ts";
import { accountShapeOf, type VolumeClass } from "./class/volume-class.ts";
import type { Dependencies } from "./dependencies.ts";
import type { AccountTags } from "./formats/account-tags.ts";
import { encodeMetadata, withPlacement } from "./formats/file-system-metadata.ts";
import { ACCOUNT_NAME_ATTEMPTS, accountName, fileSystemName, hashOf, shardOf, strictFileSystemName } from "./names.ts";
import type { AccountRef, AccountShape, ClaimRef } from "./ports.ts";
import { chooseSize, type SizeRange } from "./size.ts";

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

/** What the choice of an account depends on: the same for a volume and for one that does not exist yet. */
export interface AccountPlan {
  readonly request: Pick<VolumeRequest, "claim">;
  readonly volumeClass: VolumeClass;
  readonly candidates: readonly AccountCandidate[];
  readonly accountShape: AccountShape;
}

export interface VolumePlan extends AccountPlan {
  readonly request: VolumeRequest;
  readonly sizeBytes: number;
  readonly fileSystemName: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** Hash of the parameters: the same name with another one is another volume (ALREADY_EXISTS). */
  readonly requestHash: string;
}

type Rules = Pick<Dependencies, "settings" | "backend">;

/** Throws InvalidRequest or OutOfRange; makes no call. */
export function planVolume(request: VolumeRequest, { settings, backend }: Rules): VolumePlan {
  const volumeClass = parseVolumeClass(request.parameters, settings, backend);
  const { name, claim } = request;
  if (volumeClass.isolation === "namespace" && claim === undefined) {
    throw new DriverError(
      "Misconfigured",
      'isolation "namespace" needs the claim\'s namespace: run csi-provisioner with --extra-create-metadata',
    );
  }
  const sizeBytes = chooseSize(request, backend.size);
  const requestHash = hashOf(lowerCaseKeys(request.parameters));
  const { clusterId, clusterUid } = settings;
  return {
    request,
    volumeClass,
    sizeBytes,
    candidates: candidatesFor(
      volumeClass,
      { namespace: claim?.namespace ?? "", volume: name, shard: shardOf(name, volumeClass.poolSize) },
      { settings, backend },
    ),
    accountShape: accountShapeOf(backend.parameters, volumeClass),
    fileSystemName: volumeClass.storageAccount === undefined ? fileSystemName(name) : strictFileSystemName(name),
    metadata: encodeMetadata({ clusterId, clusterUid, volumeName: name, sizeBytes, requestHash, claim }),
    requestHash,
  };
}

/**
 * The accounts that volumes of a class will be spread over, one plan for each, with the names that `planVolume` computes. None
 * for a class whose accounts follow from the volume or its namespace, or that names an account. Throws InvalidRequest.
 */
export function planPool(parameters: VolumeRequest["parameters"], { settings, backend }: Rules): AccountPlan[] {
  const volumeClass = parseVolumeClass(parameters, settings, backend);
  if (volumeClass.isolation !== "pool" || volumeClass.storageAccount !== undefined) return [];
  const accountShape = accountShapeOf(backend.parameters, volumeClass);
  return Array.from({ length: volumeClass.poolSize }, (_, shard) => {
    const candidates = candidatesFor(volumeClass, { namespace: "", volume: "", shard }, { settings, backend });
    return { request: {}, volumeClass, candidates, accountShape };
  });
}

/** What is written into the file system in this account: also what the name of one that we created is computed from. */
export function metadataIn({ metadata, candidates }: VolumePlan, account: AccountRef): VolumePlan["metadata"] {
  const tags = candidates.find(({ ref }) => ref.name === account.name)?.tags;
  return tags === undefined ? metadata : withPlacement(metadata, tags);
}

/** The pool key holds what decides the account and who shares it, so that classes that differ never share one. */
function candidatesFor(
  volumeClass: VolumeClass,
  { shard, ...tenant }: Tenant & { readonly shard: number },
  rules: Rules,
): AccountCandidate[] {
  const { subscriptionId, resourceGroup, storageAccount } = volumeClass;
  const { clusterId, clusterUid } = rules.settings;
  if (storageAccount !== undefined) return [{ ref: { subscriptionId, resourceGroup, name: storageAccount } }];
  const { pool, ...owner } = poolTagsOf(volumeClass, tenant, rules.backend);
  return Array.from({ length: ACCOUNT_NAME_ATTEMPTS }, (_, attempt) => {
    const source = { clusterId, pool, shard, attempt };
    return {
      ref: { subscriptionId, resourceGroup, name: accountName(source) },
      tags: { ...source, ...(clusterUid !== undefined && { clusterUid }), ...owner },
    };
  });
}

function lowerCaseKeys(parameters: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(parameters).map(([key, value]) => [key.toLowerCase(), value]));
}
