/**
 * Where blobs live: by container, keyed by its `uid` in `world.containers`, so that a container created again under the
 * same name has nothing of the old one. Records are in memory, bodies are files (`bodies.ts`).
 */
import type { Readable } from "node:stream";
import { type BodyFiles, createBodyFiles, type Slice, type StoredBody } from "./bodies.ts";
import { type ContainerBlobs, createContainerBlobs } from "./container-blobs.ts";
import { restoreContainer, type SavedContainer, saveContainer } from "./saved-container.ts";

/** All blobs of the emulator. */
export interface BlobStore {
  /** The blobs of one container, by the container's uid; empty when nothing was written yet. */
  blobsOf(containerUid: string): ContainerBlobs;
  /** Deletes the blobs, snapshots and uncommitted blocks of a container. Idempotent. */
  dropContainer(containerUid: string): void;
  /** Streams a body to disk with its MD5 and CRC64. The caller counts as a user of the body and must release it. */
  receive(body: Readable, limitBytes: number): Promise<StoredBody>;
  /** Adds or removes a user of a body; the file is deleted with the last. */
  retain(body: StoredBody): void;
  release(body: StoredBody): void;
  /**
   * Reads slices one after the other; they stay readable until the stream is closed, even if the blob is overwritten.
   */
  read(slices: readonly Slice[]): Readable;
  /** Elements of an account's service properties that nothing interprets: inner XML by element name, by account id. */
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
 * Creates a store over a directory of its own (created when absent). With `saved`, it restores what an earlier store
 * with the same directory was closed with (`keep: true`).
 */
export function createBlobStore(directory: string, saved: SavedBlobs = NOTHING): BlobStore {
  const files: BodyFiles = createBodyFiles(directory);
  const containers = new Map<string, ContainerBlobs>();
  for (const [uid, content] of Object.entries(saved.containers)) {
    const blobs = createContainerBlobs(files);
    restoreContainer(blobs, files, content);
    containers.set(uid, blobs);
  }
  const elements = new Map(Object.entries(saved.serviceElements));

  return {
    blobsOf(containerUid) {
      let blobs = containers.get(containerUid);
      if (blobs === undefined) {
        blobs = createContainerBlobs(files);
        containers.set(containerUid, blobs);
      }
      return blobs;
    },
    dropContainer(containerUid) {
      containers.get(containerUid)?.clear();
      containers.delete(containerUid);
    },
    receive: files.receive,
    retain: files.retain,
    release: files.release,
    read: files.read,
    serviceElements: (accountId) => elements.get(accountId) ?? {},
    keepServiceElements: (accountId, sent) => {
      elements.set(accountId, { ...elements.get(accountId), ...sent });
    },
    save: () => ({
      containers: Object.fromEntries([...containers].map(([uid, blobs]) => [uid, saveContainer(blobs)])),
      serviceElements: Object.fromEntries(elements),
    }),
    close: (options) => files.close(options?.keep === true),
  };
}
