/** Deleting containers: at once, into soft delete, or with their account. */
import { randomUUID } from "node:crypto";
import type { Services } from "../services.ts";
import type { BlobContainer, StorageAccount } from "../world.ts";
import { containerKey } from "./containers.ts";
import { discardDeletedContainersOf, keepDeletedContainer } from "./deleted-containers.ts";

/**
 * Deletes a container: it goes into soft delete with its blobs, or they are deleted at once. The name is free again after
 * the configured delay.
 */
export function discardContainer(services: Services, container: BlobContainer): void {
  const { world, blobs, settings, clock } = services;
  const key = containerKey(container.account, container.name);
  const isKept = keepDeletedContainer(services, container);
  if (!isKept) blobs.dropContainer(container.uid);
  if (settings.containerDeleteMs <= 0) {
    world.containers.delete(key);
    return;
  }
  const deletedUntil = clock.now() + settings.containerDeleteMs;
  // What holds the name shares nothing with what is kept.
  world.containers.set(key, { ...container, ...(isKept ? { uid: randomUUID() } : {}), deletedUntil });
}

/** Removes all containers of an account, also those in soft delete, and their blobs, at once. */
export function discardContainersOf(services: Services, account: StorageAccount): void {
  const { world, blobs } = services;
  for (const [key, container] of world.containers) {
    if (container.account !== account.name) continue;
    blobs.dropContainer(container.uid);
    world.containers.delete(key);
  }
  discardDeletedContainersOf(services, account);
}
