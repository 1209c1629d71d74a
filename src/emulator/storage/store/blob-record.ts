/** The record of a blob, without the body. */
import type { Lease, PathAccess } from "../../world.ts";
import type { Slice } from "./bodies.ts";

/** Headers that a reader of the blob gets as they were set. */
export interface ContentHeaders {
  type: string;
  encoding?: string;
  language?: string;
  disposition?: string;
  cacheControl?: string;
  /** Base64. */
  md5?: string;
}

/** A block of a block blob, uncommitted or committed. */
export interface Block {
  /** Base64, as the client chose it. */
  readonly id: string;
  readonly slice: Slice;
}

/** Id of what Path - Update has appended at a position; not base64, so that no block of a client has it. */
export function appendedId(position: number): string {
  return `@${position}`;
}

/** Whether an uncommitted block is appended data. */
export function isAppended(id: string): boolean {
  return id.startsWith("@");
}

/** What is known of the last copy onto a blob (`x-ms-copy-*`). */
export interface CopyState {
  readonly id: string;
  readonly source: string;
  readonly status: "success" | "aborted" | "failed" | "pending";
  readonly bytes: number;
  readonly completedAt: number;
}

/** A blob or one of its snapshots. */
export interface Blob {
  readonly name: string;
  readonly type: "BlockBlob" | "AppendBlob";
  /** The snapshot's id, a time in ISO 8601 with seven decimals; the blob itself has none. */
  readonly snapshot?: string;
  /**
   * The version's id, a time like a snapshot's, of what was written while the account had versioning on: of the blob
   * itself, and of its previous versions.
   */
  versionId?: string;
  readonly createdAt: number;
  lastModified: number;
  /** With quotes. */
  etag: string;
  content: ContentHeaders;
  /** Names as they were sent. */
  metadata: Record<string, string>;
  tags: Record<string, string>;
  readonly slices: readonly Slice[];
  readonly size: number;
  /** Of a block blob that was committed with a block list; empty after Put Blob. */
  readonly blocks: readonly Block[];
  lease: Lease;
  /** Absent: the account's default tier, which is then called inferred. */
  tier?: string;
  tierChangedAt?: number;
  copy?: CopyState;
  /** Of a soft-deleted one: when, and for how many days it is retained. */
  readonly deletedAt?: number;
  readonly retainedDays?: number;
  /** An append blob that accepts no more blocks. */
  isSealed?: boolean;
  /** In an account with a hierarchical namespace only, as everything below: a directory, which has no content. */
  readonly isDirectory?: boolean;
  access?: PathAccess;
  /** Created by Path - Create: only the Data Lake service can append to it. */
  readonly isMadeByDataLake?: boolean;
}
