/** What is stored in accounts that are ours or given, needed or not. */
import type { FileSystemRef } from "../ports.ts";

export interface StoredFileSystem {
  /** By `fileSystemKey`. */
  readonly key: string;
  /** Whether a PersistentVolume names it now. */
  readonly isBound: boolean;
}

/** Account names are unique in all of Azure. */
export function fileSystemKey({ account, name }: FileSystemRef): string {
  return `${account.name}/${name}`;
}
