/**
 * Everything about a volume that can be computed from the request alone: the class, the names, the tags, the metadata.
 * Made before anything is touched, and the same on every retry.
 */
import { remembering } from "../concurrency/remembered.ts";
import { DriverError } from "../errors.ts";
import { poolTagsOf, type Tenant } from "./account/account-names.ts";
import { findClass } from "./class/known-classes.ts";
import type { VolumeClass } from "./class/volume-class.ts";
import type { Dependencies } from "./dependencies.ts";
import type { AccountTags } from "./formats/account-tags.ts";
import { encodeMetadata, withPlacement } from "./formats/file-system-metadata.ts";
import { ACCOUNT_NAME_ATTEMPTS, accountName, fileSystemName, shardOf, strictFileSystemName } from "./names.ts";
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
  /** The same in the places where the class goes on when a quota is met (`--overflow`), in this order. These have none. */
  readonly elsewhere: readonly AccountPlan[];
}

export interface VolumePlan extends AccountPlan {
  readonly elsewhere: readonly VolumePlan[];
  readonly request: VolumeRequest;
  readonly sizeBytes: number;
  readonly fileSystemName: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** Hash of the parameters: the same name with another one is another volume (ALREADY_EXISTS). */
  readonly requestHash: string;
  /** What to report of parameters of the class that are accepted and do nothing. */
  readonly ignored: readonly string[];
}

type Rules = Pick<Dependencies, "settings" | "backend">;

/** Throws InvalidRequest or OutOfRange; makes no call. */
export function planVolume(request: VolumeRequest, rules: Rules): VolumePlan {
  const { settings, backend } = rules;
  const { volumeClass, accountShape, requestHash, places, ignored } = findClass(request.parameters, settings, backend);
  const { name, claim } = request;
  if (volumeClass.isolation === "namespace" && claim === undefined) {
    throw new DriverError(
      "Misconfigured",
      'isolation "namespace" needs the claim\'s namespace: run csi-provisioner with --extra-create-metadata',
    );
  }
  const sizeBytes = chooseSize(request, backend.size);
  const { clusterId, clusterUid } = settings;
  const spot = { namespace: claim?.namespace ?? "", volume: name, shard: shardOf(name, volumeClass.poolSize) };
  const plan: VolumePlan = {
    request,
    volumeClass,
    sizeBytes,
    candidates: candidatesFor(volumeClass, spot, rules),
    accountShape,
    elsewhere: [],
    fileSystemName: volumeClass.storageAccount === undefined ? fileSystemName(name) : strictFileSystemName(name),
    metadata: encodeMetadata({ clusterId, clusterUid, volumeName: name, sizeBytes, requestHash, claim }),
    requestHash,
    ignored,
  };
  return withPlaces(plan, places, spot, rules);
}

/** With the same plan in each further place of its class. */
function withPlaces<Plan extends AccountPlan>(plan: Plan, places: readonly VolumeClass[], spot: Spot, rules: Rules) {
  if (places.length === 0) return plan;
  const at = (volumeClass: VolumeClass) => {
    return { ...plan, volumeClass, candidates: candidatesFor(volumeClass, spot, rules) };
  };
  return { ...plan, elsewhere: places.map(at) };
}

/**
 * The accounts that volumes of a class will be spread over, one plan for each, with the names that `planVolume` computes. None
 * for a class whose accounts follow from the volume or its namespace, or that names an account. Throws InvalidRequest.
 */
export function planPool(parameters: VolumeRequest["parameters"], rules: Rules): AccountPlan[] {
  const { volumeClass, accountShape, places } = findClass(parameters, rules.settings, rules.backend);
  if (volumeClass.isolation !== "pool" || volumeClass.storageAccount !== undefined) return [];
  return Array.from({ length: volumeClass.poolSize }, (_, shard) => {
    const spot = { namespace: "", volume: "", shard };
    const candidates = candidatesFor(volumeClass, spot, rules);
    return withPlaces({ request: {}, volumeClass, candidates, accountShape, elsewhere: [] }, places, spot, rules);
  });
}

/** Stands for the namespace and the volume where none is known; a valid name of both. */
const SOME = "example";

/**
 * An account that the class would get for some volume; undefined for a class that names an account, and so makes none. Throws
 * InvalidRequest.
 */
export function planExample(parameters: VolumeRequest["parameters"], rules: Rules): AccountPlan | undefined {
  const { volumeClass, accountShape, places } = findClass(parameters, rules.settings, rules.backend);
  if (volumeClass.storageAccount !== undefined) return undefined;
  const spot = { namespace: SOME, volume: SOME, shard: 0 };
  const candidates = candidatesFor(volumeClass, spot, rules);
  return withPlaces({ request: {}, volumeClass, candidates, accountShape, elsewhere: [] }, places, spot, rules);
}

/** For whom an account is, and which of those that the class spreads over. */
interface Spot extends Tenant {
  readonly shard: number;
}

/** What is written into the file system in this account: also what the name of one that we created is computed from. */
export function metadataIn({ metadata, candidates }: VolumePlan, account: AccountRef): VolumePlan["metadata"] {
  const tags = candidates.find(({ ref }) => ref.name === account.name)?.tags;
  return tags === undefined ? metadata : withPlacement(metadata, tags);
}

/** A class is known under one `Settings` only; its candidates hold nothing else that differs between volumes. */
type FindCandidates = (shardAndNamespaceAsJson: string) => readonly AccountCandidate[];
const knownCandidates = new WeakMap<VolumeClass, FindCandidates>();

/** The same objects for all volumes that share an account: what is remembered by them is found again. Nobody may change them. */
function candidatesFor(volumeClass: VolumeClass, spot: Spot, rules: Rules): readonly AccountCandidate[] {
  const { isolation } = volumeClass;
  if (isolation === "volume") return computeCandidates(volumeClass, spot, rules);
  const compute = (json: string) => {
    const [shard, namespace] = JSON.parse(json) as [number, string];
    return computeCandidates(volumeClass, { shard, namespace, volume: "" }, rules);
  };
  const find = knownCandidates.get(volumeClass) ?? remembering(compute);
  knownCandidates.set(volumeClass, find);
  return find(JSON.stringify([spot.shard, isolation === "namespace" ? spot.namespace : ""]));
}

/** The pool key holds what decides the account and who shares it, so that classes that differ never share one. */
function computeCandidates(volumeClass: VolumeClass, { shard, ...tenant }: Spot, rules: Rules): AccountCandidate[] {
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
