/**
 * The JSON form of a container's blobs, for `--state`: bodies stay in the data directory and are named by their ids.
 */

import type { Blob, Block } from "./blob-record.ts";
import type { BodyFiles, SavedBody, Slice, StoredBody } from "./bodies.ts";
import type { AccessPolicy, ContainerBlobs } from "./container-blobs.ts";

/** JSON form of a container's blobs; bodies are named by their ids. The key `parts` is that of earlier versions. */
export interface SavedContainer {
  readonly parts: readonly SavedBody[];
  readonly entries: readonly SavedEntry[];
  readonly policies: readonly AccessPolicy[];
}

type SavedSlice = readonly [bodyId: string, offset: number, length: number];
type SavedBlock = { readonly id: string; readonly slice: SavedSlice };
type SavedBlob = Omit<Blob, "slices" | "blocks"> & {
  readonly slices: readonly SavedSlice[];
  readonly blocks: readonly SavedBlock[];
};
interface SavedEntry {
  readonly name: string;
  readonly blob?: SavedBlob;
  readonly snapshots: readonly SavedBlob[];
  /** Absent in states that were saved before there were versions. */
  readonly versions?: readonly SavedBlob[];
  readonly deleted: readonly SavedBlob[];
  readonly uncommitted: readonly SavedBlock[];
}

/** Everything of a container, as it is now. */
export function saveContainer(container: ContainerBlobs): SavedContainer {
  const bodies = new Map<string, StoredBody>();
  const saveSlice = ({ body, offset, length }: Slice): SavedSlice => {
    bodies.set(body.id, body);
    return [body.id, offset, length];
  };
  const saveBlock = ({ id, slice }: Block): SavedBlock => ({ id, slice: saveSlice(slice) });
  const saveBlob = (blob: Blob): SavedBlob => ({
    ...blob,
    slices: blob.slices.map(saveSlice),
    blocks: blob.blocks.map(saveBlock),
  });
  const entries = container.entries().map(({ name, blob, snapshots, versions, deleted, uncommitted }) => ({
    name,
    ...(blob === undefined ? {} : { blob: saveBlob(blob) }),
    snapshots: snapshots.map(saveBlob),
    versions: versions.map(saveBlob),
    deleted: deleted.map(saveBlob),
    uncommitted: [...uncommitted.values()].map(saveBlock),
  }));
  return {
    parts: [...bodies.values()].map(({ users: _, ...body }) => body),
    entries,
    policies: container.accessPolicies(),
  };
}

/** Restores everything that was saved into an empty container. */
export function restoreContainer(container: ContainerBlobs, files: BodyFiles, saved: SavedContainer): void {
  const byId = new Map(saved.parts.map((body) => [body.id, files.adopt(body)]));
  const slice = ([bodyId, offset, length]: SavedSlice): Slice => {
    const body = byId.get(bodyId);
    if (body === undefined) throw new Error(`the saved state names the blob body ${bodyId} but does not describe it`);
    return { body, offset, length };
  };
  const block = (each: SavedBlock): Block => ({ id: each.id, slice: slice(each.slice) });
  const blob = (each: SavedBlob): Blob => ({ ...each, slices: each.slices.map(slice), blocks: each.blocks.map(block) });
  container.setAccessPolicies(saved.policies);
  for (const entry of saved.entries) {
    if (entry.blob !== undefined) container.put(blob(entry.blob));
    for (const snapshot of entry.snapshots) container.addSnapshot(blob(snapshot));
    for (const version of entry.versions ?? []) container.addVersion(blob(version));
    for (const deleted of entry.deleted) container.addDeleted(blob(deleted));
    for (const staged of entry.uncommitted) container.stage(entry.name, block(staged));
  }
}
