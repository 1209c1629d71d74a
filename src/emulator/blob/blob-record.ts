/** What the store keeps of a blob: its record, without the body. */
import type { Lease } from "../world.ts";
import type { Slice } from "./parts.ts";

/** The headers that a reader of the blob gets as they were set. */
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
  /** Of a block blob that was made with a block list; empty after Put Blob. */
  readonly blocks: readonly Block[];
  lease: Lease;
  /** Absent: the account's default tier, which is then called inferred. */
  tier?: string;
  tierChangedAt?: number;
  copy?: CopyState;
  /** Of a soft-deleted one: when, and for how many days it is kept. */
  readonly deletedAt?: number;
  readonly retainedDays?: number;
  /** An append blob that takes no more blocks. */
  isSealed?: boolean;
}
