/**
 * Where blobs live: the blobs of a container, keyed by the container's `uid` in `world.containers`, so that a container
 * made anew under the same name has nothing of the old one. Records are in memory, bodies are files (`parts.ts`).
 */
import type { Readable } from "node:stream";
import type { Part, Parts, Slice } from "./bodies.ts";
import { createParts } from "./bodies.ts";
import type { ContainerBlobs } from "./container-blobs.ts";
import { createContainerBlobs } from "./container-blobs.ts";
import { restoreContainer, type SavedContainer, saveContainer } from "./saved-container.ts";

/** All blobs of the emulator. */
export interface BlobStore {
  /** The blobs of one container, by the container's uid; empty when nothing was written yet. */
  blobsOf(containerUid: string): ContainerBlobs;
  /** The container is gone: its blobs, snapshots and uncommitted blocks go too. Idempotent. */
  dropContainer(containerUid: string): void;
  /** Streams a body to disk with its MD5 and CRC64. The caller is a user of the part and must release it when done. */
  receive(body: Readable, limitBytes: number): Promise<Part>;
  /** One more, or one less, user of a part; the last one deletes its file. */
  retain(part: Part): void;
  release(part: Part): void;
  /** Reads slices one after the other; they stay readable until the stream is closed, whatever is overwritten. */
  read(slices: readonly Slice[]): Readable;
  /** Parts of an account's service properties that nothing interprets: inner XML by element name, by account id. */
  serviceElements(accountId: string): Readonly<Record<string, string>>;
  keepServiceElements(accountId: string, elements: Readonly<Record<string, string>>): void;
  /** Everything but the bodies, as JSON, for `--state`; the bodies stay in the data directory. */
  save(): SavedBlobs;
  /** Ends the store; the data directory is deleted unless `keep` is set. */
  close(options?: { keep?: boolean }): Promise<void>;
}

/** What `save` gives and `createBlobStore` takes back. */
export interface SavedBlobs {
  readonly containers: Readonly<Record<string, SavedContainer>>;
  readonly serviceElements: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

const NOTHING: SavedBlobs = { containers: {}, serviceElements: {} };

/**
 * Makes a store over a directory that is its own (made when absent). With `saved`, it takes up what an earlier store
 * with the same directory was closed with (`keep: true`).
 */
export function createBlobStore(directory: string, saved: SavedBlobs = NOTHING): BlobStore {
  const parts: Parts = createParts(directory);
  const containers = new Map<string, ContainerBlobs>();
  for (const [uid, content] of Object.entries(saved.containers)) {
    const blobs = createContainerBlobs(parts);
    restoreContainer(blobs, parts, content);
    containers.set(uid, blobs);
  }
  const elements = new Map(Object.entries(saved.serviceElements));

  return {
    blobsOf(containerUid) {
      let blobs = containers.get(containerUid);
      if (blobs === undefined) {
        blobs = createContainerBlobs(parts);
        containers.set(containerUid, blobs);
      }
      return blobs;
    },
    dropContainer(containerUid) {
      containers.get(containerUid)?.clear();
      containers.delete(containerUid);
    },
    receive: parts.receive,
    retain: parts.retain,
    release: parts.release,
    read: parts.read,
    serviceElements: (accountId) => elements.get(accountId) ?? {},
    keepServiceElements: (accountId, sent) => {
      elements.set(accountId, { ...elements.get(accountId), ...sent });
    },
    save: () => ({
      containers: Object.fromEntries([...containers].map(([uid, blobs]) => [uid, saveContainer(blobs)])),
      serviceElements: Object.fromEntries(elements),
    }),
    close: (options) => parts.close(options?.keep === true),
  };
}
