/**
 * Soft delete of containers, in accounts whose `containerDeleteRetentionPolicy` is on: a deleted container stays with its
 * blobs, unseen, for some days; lists show it with `include=deleted`, and Restore Container brings it back ("Soft delete for
 * containers"). Its name is free meanwhile.
 */
import type { Services } from "../services.ts";
import type { BlobContainer, DeletedContainer, StorageAccount } from "../world.ts";
import { containerKey } from "./containers.ts";

const DAY_MS = 24 * 3600 * 1000;
/** Ticks of 100 ns from 1601 to 1970: a deleted container's version is a Windows file time in hexadecimal. */
const FILE_TIME_EPOCH = 116_444_736_000_000_000n;

/** How long deleted containers are kept; undefined when they are not. */
function retentionDays(account: StorageAccount | undefined): number | undefined {
  const policy = account?.blobService["containerDeleteRetentionPolicy"];
  const { enabled, days } = (policy ?? {}) as { enabled?: unknown; days?: unknown };
  return enabled === true && typeof days === "number" ? days : undefined;
}

/** Keeps a container that is about to be deleted, if its account is set up for it, and says whether it did. */
export function keepDeletedContainer({ world, clock }: Services, container: BlobContainer): boolean {
  const retainedDays = retentionDays(world.accounts.get(container.account));
  if (retainedDays === undefined) return false;
  const { deletedUntil: _, ...state } = container;
  const deletedAt = clock.now();
  let ticks = BigInt(Math.trunc(deletedAt)) * 10_000n + FILE_TIME_EPOCH;
  const versionOf = (time: bigint): string => time.toString(16).toUpperCase().padStart(16, "0");
  while (world.deletedContainers.has(keyOf(container, versionOf(ticks)))) ticks += 1n;
  const version = versionOf(ticks);
  const kept: DeletedContainer = { ...state, lease: { state: "available" }, version, deletedAt, retainedDays };
  world.deletedContainers.set(keyOf(container, version), kept);
  return true;
}

/** The account's soft-deleted containers; those whose time is over are removed with their blobs first. */
export function deletedContainers({ world, blobs, clock }: Services, account: StorageAccount): DeletedContainer[] {
  for (const [key, container] of world.deletedContainers) {
    if (remainingDays(container, clock.now()) >= 0) continue;
    blobs.dropContainer(container.uid);
    world.deletedContainers.delete(key);
  }
  return [...world.deletedContainers.values()].filter((each) => each.account === account.name);
}

/** Whole days that are left, rounded down; negative when time is over. */
export function remainingDays({ deletedAt, retainedDays }: DeletedContainer, now: number): number {
  return Math.floor((deletedAt + retainedDays * DAY_MS - now) / DAY_MS);
}

/** Brings a soft-deleted container back under its name, which must be free. */
export function restoreContainer({ world }: Services, deleted: DeletedContainer): BlobContainer {
  const { version, deletedAt: _at, retainedDays: _days, ...container } = deleted;
  world.deletedContainers.delete(keyOf(deleted, version));
  world.containers.set(containerKey(container.account, container.name), container);
  return container;
}

/** Removes all soft-deleted containers of an account, and their blobs, at once. */
export function discardDeletedContainersOf({ world, blobs }: Services, account: StorageAccount): void {
  for (const [key, container] of world.deletedContainers) {
    if (container.account !== account.name) continue;
    blobs.dropContainer(container.uid);
    world.deletedContainers.delete(key);
  }
}

function keyOf({ account, name }: BlobContainer, version: string): string {
  return `${account}/${name}/${version}`;
}
