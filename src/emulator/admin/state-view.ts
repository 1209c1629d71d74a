/** The world as JSON, for `GET /_emulator/state` and the page: maps become arrays, secrets are omitted. */
import type { ContainerBlobs } from "../storage/store/container-blobs.ts";
import type { BlobStore } from "../storage/store/store.ts";
import type { World } from "../world.ts";

/** One array for each map of the world, under the map's name. */
export type StateView = Readonly<Record<keyof World, readonly Readonly<Record<string, unknown>>[]>>;

/** What the world contains now. A container shows how many blobs it has. */
export function toStateView(world: World, blobs: BlobStore): StateView {
  const view = Object.fromEntries(Object.entries(world).map(([name, map]) => [name, [...map.values()].map(toPlain)]));
  const containers = [...world.containers.values()].map((each) => ({
    ...toPlain(each),
    blobs: countBlobs(blobs.blobsOf(each.uid)),
  }));
  return { ...view, containers } as unknown as StateView;
}

/** Names, also of uncommitted blobs, without directories, and without those of which only former states are left. */
function countBlobs(blobs: ContainerBlobs): number {
  return blobs.entries().filter(({ blob, uncommitted }) => {
    return blob === undefined ? uncommitted.size > 0 : blob.isDirectory !== true;
  }).length;
}

function toPlain(value: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => name !== "clientSecret")
      .map(([name, member]) => [name, member instanceof Map ? [...member.values()] : member]),
  );
}
