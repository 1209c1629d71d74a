/**
 * The metadata of a file system: which volume it is, for people and for the idempotency question of CSI, and what the
 * account's tags say too, in case somebody replaces those. A workload with a built-in role can rewrite it, so it opens
 * nothing and deletes no data: it can keep something, or name what the account's name is the hash of. What is missing or
 * garbled counts as not stated, and names are compared without case, as Azure does.
 */
import { guid } from "../../text/azure-names.ts";
import { findByName, withMembers, withoutUndefined } from "../../text/members.ts";
import { accepts } from "../../text/values.ts";

/** Raised only together with a migration. */
const FORMAT = "1";

const NAMES = {
  format: "keyless_format",
  clusterId: "keyless_cluster",
  clusterUid: "keyless_cluster_uid",
  pool: "keyless_pool",
  shard: "keyless_shard",
  attempt: "keyless_attempt",
  volumeName: "keyless_volume",
  sizeBytes: "keyless_size_bytes",
  requestHash: "keyless_request",
  claimNamespace: "keyless_pvc_namespace",
  claimName: "keyless_pvc_name",
  principalIds: "keyless_principals",
} as const;

export type Metadata = Readonly<Record<string, string>>;

/** What the account's name is computed from, beside the cluster id: the same values stand in its tags. */
export interface Placement {
  readonly pool: string;
  readonly shard: number;
  readonly attempt: number;
}

/** What is written when a file system is made. */
export interface FileSystemRecord {
  readonly clusterId: string;
  /** UID of the cluster's namespace kube-system; absent without Kubernetes. */
  readonly clusterUid?: string | undefined;
  readonly volumeName: string;
  readonly sizeBytes: number;
  /** Hash of the class parameters. */
  readonly requestHash: string;
  readonly claim: { readonly namespace: string; readonly name: string } | undefined;
}

/** Values are ASCII, as HTTP headers are: names in other scripts are percent-encoded. */
export function encodeMetadata(record: FileSystemRecord): Metadata {
  const { clusterId, clusterUid, volumeName, sizeBytes, requestHash, claim } = record;
  return withoutUndefined({
    [NAMES.format]: FORMAT,
    [NAMES.clusterId]: clusterId,
    [NAMES.clusterUid]: clusterUid,
    [NAMES.volumeName]: encodeURIComponent(volumeName),
    [NAMES.sizeBytes]: String(sizeBytes),
    [NAMES.requestHash]: requestHash,
    [NAMES.claimNamespace]: claim && encodeURIComponent(claim.namespace),
    [NAMES.claimName]: claim && encodeURIComponent(claim.name),
  }) as Metadata;
}

/** The same metadata with another size, and with everything else that somebody has written there. */
export function withSize(metadata: Metadata, sizeBytes: number): Metadata {
  return withMembers(metadata, { [NAMES.sizeBytes]: String(sizeBytes) });
}

/** The same metadata, naming what the account's name is computed from; not for an account that an administrator has made. */
export function withPlacement(metadata: Metadata, { pool, shard, attempt }: Placement): Metadata {
  return withMembers(metadata, {
    [NAMES.pool]: pool,
    [NAMES.shard]: String(shard),
    [NAMES.attempt]: String(attempt),
  });
}

/** More are not believed: a workload with the built-in role may write 8 KB of them. */
const MOST_PRINCIPALS = 8;

/** The same metadata, naming the principals that the file system may have been opened for: the newest first. */
export function withPrincipals(metadata: Metadata, principalIds: readonly string[]): Metadata {
  return withMembers(metadata, { [NAMES.principalIds]: principalIds.slice(0, MOST_PRINCIPALS).join(" ") });
}

/** What may be asked of the metadata; each absent when it is not stated. */
export interface DecodedMetadata {
  readonly clusterId: string | undefined;
  readonly clusterUid: string | undefined;
  readonly placement: Placement | undefined;
  /** The CSI volume name. */
  readonly volumeName: string | undefined;
  readonly sizeBytes: number | undefined;
  readonly requestHash: string | undefined;
  readonly claim: { readonly namespace: string; readonly name: string } | undefined;
  /** Object ids, at most 8. */
  readonly principalIds: readonly string[];
}

export function decodeMetadata(metadata: Metadata): DecodedMetadata {
  const text = (field: keyof typeof NAMES) => findByName(metadata, NAMES[field]);
  const sizeBytes = wholeNumber(text("sizeBytes"), 16) ?? 0;
  return {
    clusterId: text("clusterId"),
    clusterUid: text("clusterUid"),
    placement: toPlacement(text),
    volumeName: decoded(text("volumeName")),
    sizeBytes: sizeBytes > 0 ? sizeBytes : undefined,
    requestHash: text("requestHash"),
    claim: toClaim(text),
    principalIds: principalIdsIn(metadata),
  };
}

/** `DecodedMetadata.principalIds` alone. */
export function principalIdsIn(metadata: Metadata): readonly string[] {
  const text = findByName(metadata, NAMES.principalIds);
  if (text === undefined) return [];
  return text
    .split(" ")
    .filter((id) => accepts(guid, id))
    .slice(0, MOST_PRINCIPALS);
}

type Texts = (field: keyof typeof NAMES) => string | undefined;

function toPlacement(text: Texts): Placement | undefined {
  const pool = text("pool");
  const shard = wholeNumber(text("shard"), 4);
  const attempt = wholeNumber(text("attempt"), 4);
  return pool === undefined || shard === undefined || attempt === undefined ? undefined : { pool, shard, attempt };
}

function toClaim(text: Texts): DecodedMetadata["claim"] {
  const namespace = decoded(text("claimNamespace"));
  const name = decoded(text("claimName"));
  return namespace === undefined || name === undefined ? undefined : { namespace, name };
}

function decoded(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function wholeNumber(text: string | undefined, maxDigits: number): number | undefined {
  return text !== undefined && text.length <= maxDigits && /^\d+$/.test(text) ? Number(text) : undefined;
}
