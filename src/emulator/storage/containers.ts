/** What ARM, Blob and Data Lake do alike with containers. Each checks and refuses by its own rules before. */
import { randomUUID } from "node:crypto";
import type { BlobContainer, StorageAccount, World } from "../world.ts";
import { newEtag } from "./times.ts";

/** Key of a container in `world.containers`. */
export function containerKey(account: string, container: string): string {
  return `${account}/${container}`;
}

/** Whether a delete of the container has been accepted; its name may not be free yet. */
export function isDeleted(container: BlobContainer): boolean {
  return container.deletedUntil !== undefined;
}

/** The containers of an account, without deleted ones. */
export function liveContainers(world: World, account: StorageAccount): BlobContainer[] {
  return [...world.containers.values()].filter((each) => each.account === account.name && !isDeleted(each));
}

/** A private container without metadata, put into the world. It shares nothing with an earlier one of its name. */
export function addContainer(world: World, account: StorageAccount, name: string, now: number): BlobContainer {
  const container: BlobContainer = {
    uid: randomUUID(),
    account: account.name,
    name,
    metadata: {},
    etag: newEtag(now),
    lastModified: now,
    lease: { state: "available" },
    publicAccess: "None",
    hasLegalHold: false,
    legalHoldTags: [],
    createdAt: now,
  };
  world.containers.set(containerKey(account.name, name), container);
  return container;
}

/** A new ETag and time, after a change of the container itself. */
export function touchContainer(container: BlobContainer, now: number): void {
  container.etag = newEtag(now);
  container.lastModified = now;
}
