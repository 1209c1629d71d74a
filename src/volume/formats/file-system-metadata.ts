/**
 * The metadata of a file system: which volume it is, for people and for the idempotency question of CSI. A workload with a
 * built-in role can rewrite it, so it decides nothing, and what is missing or garbled counts as not stated.
 */

/** Raised only together with a migration. */
const FORMAT = "1";

const NAMES = {
  format: "keyless_format",
  clusterId: "keyless_cluster",
  volumeName: "keyless_volume",
  sizeBytes: "keyless_size_bytes",
  requestHash: "keyless_request",
  claimNamespace: "keyless_pvc_namespace",
  claimName: "keyless_pvc_name",
} as const;

export type Metadata = Readonly<Record<string, string>>;

/** What is written when a file system is made. */
export interface FileSystemRecord {
  readonly clusterId: string;
  readonly volumeName: string;
  readonly sizeBytes: number;
  /** Hash of the class parameters. */
  readonly requestHash: string;
  readonly claim: { readonly namespace: string; readonly name: string } | undefined;
}

/** Values are ASCII, as HTTP headers are: names in other scripts are percent-encoded. */
export function encodeMetadata({ clusterId, volumeName, sizeBytes, requestHash, claim }: FileSystemRecord): Metadata {
  return {
    [NAMES.format]: FORMAT,
    [NAMES.clusterId]: clusterId,
    [NAMES.volumeName]: encodeURIComponent(volumeName),
    [NAMES.sizeBytes]: String(sizeBytes),
    [NAMES.requestHash]: requestHash,
    ...(claim && {
      [NAMES.claimNamespace]: encodeURIComponent(claim.namespace),
      [NAMES.claimName]: encodeURIComponent(claim.name),
    }),
  };
}

/** The same metadata with another size, and with everything else that somebody has written there. */
export function withSize(metadata: Metadata, sizeBytes: number): Metadata {
  return { ...metadata, [NAMES.sizeBytes]: String(sizeBytes) };
}

/** What a decision may ask of the metadata; each absent when it is not stated. */
export interface DecodedMetadata {
  readonly clusterId: string | undefined;
  readonly sizeBytes: number | undefined;
  readonly requestHash: string | undefined;
}

export function decodeMetadata(metadata: Metadata): DecodedMetadata {
  const size = metadata[NAMES.sizeBytes] ?? "";
  const sizeBytes = /^\d{1,16}$/.test(size) ? Number(size) : 0;
  return {
    clusterId: metadata[NAMES.clusterId],
    sizeBytes: sizeBytes > 0 ? sizeBytes : undefined,
    requestHash: metadata[NAMES.requestHash],
  };
}
