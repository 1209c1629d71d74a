/** Finds the container that a call is for, in the world that ARM shares. */

import { containerKey, isDeleted } from "../../storage/containers.ts";
import { StorageError } from "../../storage/errors.ts";
import type { BlobContainer } from "../../world.ts";
import type { BlobRequest } from "../http/request.ts";

/** The container, or undefined when it is absent or being deleted. One whose deletion has completed is removed here. */
export function currentContainer(request: BlobRequest): BlobContainer | undefined {
  const found = anyContainer(request);
  return found === undefined || isDeleted(found) ? undefined : found;
}

/** The same with one that is being deleted: its name is not free yet. */
export function anyContainer({ services, account, container, now }: BlobRequest): BlobContainer | undefined {
  const key = containerKey(account.name, container);
  const found = services.world.containers.get(key);
  if (found?.deletedUntil === undefined || found.deletedUntil > now) return found;
  services.world.containers.delete(key);
  services.blobs.dropContainer(found.uid);
  return undefined;
}

/** The container; 404 ContainerNotFound also while it is being deleted ("Delete Container", remarks). */
export function requireContainer(request: BlobRequest): BlobContainer {
  const container = currentContainer(request);
  if (container === undefined) throw new StorageError("ContainerNotFound");
  return container;
}
