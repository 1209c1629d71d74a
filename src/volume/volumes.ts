/** The stories of a volume, with ports, settings and backend bound once: what the CSI service calls. */
import type { Backend } from "../backend/backend.ts";
import type { Turn } from "../concurrency/background.ts";
import { runFor } from "../concurrency/purpose.ts";
import type { VolumeClass } from "./class/volume-class.ts";
import { createProvisioner, type Volume } from "./create.ts";
import { deleteVolume } from "./delete.ts";
import { expandVolume } from "./expand.ts";
import { inspectVolume } from "./inspect.ts";
import { listVolumes, type VolumePage } from "./list.ts";
import { fileSystemName } from "./names.ts";
import type { VolumeRequest } from "./plan.ts";
import { createPrewarm, type PoolFill } from "./pools/prewarm.ts";
import type { FileSystem, Ports, Settings } from "./ports.ts";
import type { SizeRange } from "./size.ts";

export interface Volumes {
  create(request: VolumeRequest): Promise<Volume>;
  delete(volumeId: string): Promise<void>;
  /** The size after it, in bytes. */
  expand(volumeId: string, range: SizeRange): Promise<number>;
  list(maxEntries: number, startingToken: string): Promise<VolumePage>;
  inspect(volumeId: string): Promise<FileSystem>;
  /** A background task that makes accounts ahead of volumes, by the way in which `create` makes them. */
  prewarmer(publish: (fill: readonly PoolFill[]) => void): (turn: Turn) => Promise<void>;
  /** The same for a volume's name and its id, so that work on one volume can be kept apart from other work on it. */
  keyOf(volume: { readonly name: string } | { readonly id: string }): string;
}

export function createVolumes<Class extends VolumeClass>(deps: {
  readonly ports: Ports;
  readonly settings: Settings;
  readonly backend: Backend<Class>;
}): Volumes {
  const provisioner = createProvisioner(deps);
  return {
    // What is deleted yields to what is created.
    create: (request) => runFor("create", () => provisioner.create(request)),
    prewarmer: (publish) => createPrewarm(deps, provisioner.accounts, publish),
    delete: (volumeId) => runFor("delete", () => deleteVolume(deps, volumeId)),
    expand: (volumeId, range) => expandVolume(deps, volumeId, range),
    list: (maxEntries, startingToken) => listVolumes(deps, maxEntries, startingToken),
    inspect: (volumeId) => inspectVolume(deps, volumeId),
    keyOf: (volume) =>
      "name" in volume ? fileSystemName(volume.name) : (deps.backend.parseVolumeId(volume.id)?.name ?? volume.id),
  };
}
