/**
 * The blobs of one container: for each name the blob, its snapshots and its uncommitted blocks, in the order in which
 * they are listed. Contents are slices of stored bodies, whose users are counted here.
 */
import type { Blob, Block } from "./blob-record.ts";
import type { BodyFiles, Slice } from "./bodies.ts";

/** A stored access policy of a container ("Define a stored access policy"); what it omits the SAS must specify. */
export interface AccessPolicy {
  readonly id: string;
  readonly start?: string;
  readonly expiry?: string;
  readonly permissions?: string;
}

/** Everything under one name. */
export interface Entry {
  readonly name: string;
  readonly blob: Blob | undefined;
  /** Oldest first. */
  readonly snapshots: readonly Blob[];
  /** Previous versions, oldest first; the current one is the blob itself. */
  readonly versions: readonly Blob[];
  /** Soft-deleted: snapshots, versions, and the blob itself when there is none of that name now. */
  readonly deleted: readonly Blob[];
  /** In the order in which they came. */
  readonly uncommitted: ReadonlyMap<string, Block>;
}

export interface ContainerBlobs {
  /** The blob of that name; undefined when it is absent or has only uncommitted blocks. */
  find(name: string): Blob | undefined;
  entry(name: string): Entry | undefined;
  /** Sorted by UTF-16 code unit, as listings are. Names with only uncommitted blocks are among them. */
  names(): readonly string[];
  /** Replaces what has the blob's name; uncommitted blocks of that name are discarded. */
  put(blob: Blob): void;
  /** Removes the blob and its uncommitted blocks, not its snapshots and previous versions. */
  remove(name: string): void;
  addSnapshot(snapshot: Blob): void;
  removeSnapshot(name: string, snapshot: string): void;
  /** Keeps a blob's former state beside it. */
  addVersion(version: Blob): void;
  removeVersion(name: string, versionId: string): void;
  /** Keeps a soft-deleted blob or snapshot under its name. */
  addDeleted(blob: Blob): void;
  /** Removes soft-deleted ones for good. */
  removeDeleted(name: string, isGone: (blob: Blob) => boolean): void;
  /** A block of the same id is replaced. */
  stage(name: string, block: Block): void;
  /** Stored access policies of the container ("Set Container ACL"). */
  accessPolicies(): readonly AccessPolicy[];
  setAccessPolicies(policies: readonly AccessPolicy[]): void;
  /** Everything, in the order in which the names were added. */
  entries(): readonly Entry[];
  clear(): void;
}

interface MutableEntry {
  readonly name: string;
  blob: Blob | undefined;
  snapshots: Blob[];
  versions: Blob[];
  deleted: Blob[];
  uncommitted: Map<string, Block>;
}

interface Table {
  readonly files: BodyFiles;
  readonly entries: Map<string, MutableEntry>;
  /** Undefined when a name was added or removed since the last listing. */
  sorted: string[] | undefined;
  policies: readonly AccessPolicy[];
}

/** An empty container. */
export function createContainerBlobs(files: BodyFiles): ContainerBlobs {
  const table: Table = { files, entries: new Map(), sorted: undefined, policies: [] };
  return {
    find: (name) => table.entries.get(name)?.blob,
    entry: (name) => table.entries.get(name),
    names() {
      table.sorted ??= [...table.entries.keys()].sort();
      return table.sorted;
    },
    put: (blob) => putBlob(table, blob),
    remove: (name) => removeBlob(table, name),
    addSnapshot: (snapshot) => {
      take(table, snapshot.slices);
      open(table, snapshot.name).snapshots.push(snapshot);
    },
    addDeleted: (blob) => {
      take(table, blob.slices);
      open(table, blob.name).deleted.push(blob);
    },
    removeDeleted: (name, isGone) => removeFrom(table, name, "deleted", isGone),
    removeSnapshot: (name, id) => removeFrom(table, name, "snapshots", ({ snapshot }) => snapshot === id),
    addVersion: (version) => {
      take(table, version.slices);
      open(table, version.name).versions.push(version);
    },
    removeVersion: (name, id) => removeFrom(table, name, "versions", ({ versionId }) => versionId === id),
    stage: (name, block) => stageBlock(table, name, block),
    accessPolicies: () => table.policies,
    setAccessPolicies: (policies) => {
      table.policies = policies;
    },
    clear() {
      for (const { name } of [...table.entries.values()]) {
        for (const list of ["deleted", "snapshots", "versions"] as const) removeFrom(table, name, list, () => true);
        removeBlob(table, name);
      }
    },
    entries: () => [...table.entries.values()],
  };
}

function open(table: Table, name: string): MutableEntry {
  let entry = table.entries.get(name);
  if (entry === undefined) {
    entry = { name, blob: undefined, snapshots: [], versions: [], deleted: [], uncommitted: new Map() };
    table.entries.set(name, entry);
    table.sorted = undefined;
  }
  return entry;
}

function closeIfEmpty(table: Table, entry: MutableEntry): void {
  const holds = entry.snapshots.length + entry.versions.length + entry.deleted.length + entry.uncommitted.size;
  if (entry.blob !== undefined || holds > 0) return;
  table.entries.delete(entry.name);
  table.sorted = undefined;
}

function take({ files }: Table, slices: readonly Slice[]): void {
  for (const { body } of slices) files.retain(body);
}

function drop({ files }: Table, slices: readonly Slice[]): void {
  for (const { body } of slices) files.release(body);
}

function discardUncommitted(table: Table, entry: MutableEntry): void {
  for (const { slice } of entry.uncommitted.values()) drop(table, [slice]);
  entry.uncommitted = new Map();
}

function putBlob(table: Table, blob: Blob): void {
  const entry = open(table, blob.name);
  take(table, blob.slices); // before the old ones are dropped: a block list may keep blocks of the blob that it replaces
  drop(table, entry.blob?.slices ?? []);
  discardUncommitted(table, entry);
  entry.blob = blob;
}

function removeBlob(table: Table, name: string): void {
  const entry = table.entries.get(name);
  if (entry === undefined) return;
  drop(table, entry.blob?.slices ?? []);
  entry.blob = undefined;
  discardUncommitted(table, entry);
  closeIfEmpty(table, entry);
}

function removeFrom(
  table: Table,
  name: string,
  list: "snapshots" | "versions" | "deleted",
  isGone: (blob: Blob) => boolean,
): void {
  const entry = table.entries.get(name);
  if (entry === undefined) return;
  for (const gone of entry[list].filter(isGone)) drop(table, gone.slices);
  entry[list] = entry[list].filter((blob) => !isGone(blob));
  closeIfEmpty(table, entry);
}

function stageBlock(table: Table, name: string, block: Block): void {
  const { uncommitted } = open(table, name);
  take(table, [block.slice]);
  const replaced = uncommitted.get(block.id);
  if (replaced !== undefined) drop(table, [replaced.slice]);
  uncommitted.set(block.id, block);
}
