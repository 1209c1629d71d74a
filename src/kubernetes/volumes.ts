/** PersistentVolumes: who uses a file system, and for `orphans` all of them. Of each only what the ports name is kept. */
import type { V1PersistentVolume } from "@kubernetes/client-node";
import { createNextFlight } from "../concurrency/next-flight.ts";
import { createTtlCache } from "../concurrency/ttl-cache.ts";
import type {
  Cluster,
  ClusterVolume,
  FileSystemRef,
  FileSystemReference,
  MountableVolume,
  VolumeInUse,
} from "../volume/ports.ts";
import { mayReferTo, namedFileSystems, type ReadReferences } from "../volume/references.ts";
import { type Api, apiPath } from "./api.ts";
import { read, reading } from "./faults.ts";
import type { OpenList } from "./pages.ts";

/** Phases in which a PersistentVolume is no longer in use. */
const LEFT_PHASES = ["Released", "Failed"];
/** How long it is remembered which volume to look at first. */
const REMEMBER_MS = 600_000;

export interface VolumeReads {
  readonly api: Api;
  readonly openList: OpenList;
  readonly readReferences: ReadReferences;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
}

/** What a volume in use names: an entry for each name of a file system. */
type Uses = ReadonlyMap<string, readonly (FileSystemReference & { readonly volume: VolumeInUse })[]>;

/**
 * The port's `findVolumeUsing`. Calls that wait share a list. A volume that was found in use is read again by its name first,
 * so that the retries of a deletion that it holds up need no list.
 */
export function createVolumeSearch({ api, openList, readReferences, now }: VolumeReads): Cluster["findVolumeUsing"] {
  const flight = createNextFlight<Uses>();
  const found = createTtlCache<string>(REMEMBER_MS, now);
  const isUsing = (volume: ClusterVolume, fileSystem: FileSystemRef) =>
    isInUse(volume) && namedFileSystems(volume, readReferences).some((each) => mayReferTo(each, fileSystem));
  const confirm = async (name: string, fileSystem: FileSystemRef): Promise<VolumeInUse | undefined> => {
    const object = await readVolume(api, name);
    const volume = object && toVolume(object);
    return volume && isUsing(volume, fileSystem) ? toVolumeInUse(volume) : undefined;
  };
  return async (fileSystem, { isRemembered } = { isRemembered: false }) => {
    const key = `${fileSystem.account.name}/${fileSystem.name}`;
    const name = found.get(key);
    const known = name === undefined ? undefined : await confirm(name, fileSystem);
    if (known !== undefined || isRemembered) return known;
    found.delete(key);
    const uses = await flight.run("", () => readUses(openList, readReferences));
    const use = uses.get(fileSystem.name)?.find((each) => mayReferTo(each, fileSystem));
    if (use !== undefined) found.set(key, use.volume.name);
    return use?.volume;
  };
}

/** One of any driver and in any phase. */
export async function findVolume(api: Api, name: string): Promise<MountableVolume | undefined> {
  const object = await readVolume(api, name);
  if (object === undefined) return undefined;
  const { mountOptions = [], capacity } = object.spec ?? {};
  const storage = capacity?.["storage"];
  return { ...toVolume(object), mountOptions, ...(storage !== undefined && { capacity: storage }) };
}

function readVolume(api: Api, name: string): Promise<V1PersistentVolume | undefined> {
  const path = apiPath`/api/v1/persistentvolumes/${name}`;
  return read(`PersistentVolume ${name}`, () => api.get<V1PersistentVolume>(path));
}

/** Every PersistentVolume of any driver: a volume that was moved to another driver still refers to its file system. */
export async function listVolumes(openList: OpenList): Promise<ClusterVolume[]> {
  return await readVolumes(openList, (volume) => volume);
}

async function readUses(openList: OpenList, readReferences: ReadReferences): Promise<Uses> {
  const volumes = await readVolumes(openList, (volume) =>
    isInUse(volume)
      ? { volume: toVolumeInUse(volume), references: namedFileSystems(volume, readReferences) }
      : undefined,
  );
  const uses = new Map<string, (FileSystemReference & { readonly volume: VolumeInUse })[]>();
  for (const { volume, references } of volumes) {
    for (const reference of references) {
      const use = { ...reference, volume };
      const others = uses.get(reference.name);
      if (others === undefined) uses.set(reference.name, [use]);
      else others.push(use);
    }
  }
  return uses;
}

function readVolumes<Kept>(openList: OpenList, keep: (volume: ClusterVolume) => Kept | undefined): Promise<Kept[]> {
  const listing = {
    path: "/api/v1/persistentvolumes",
    keep: (object: V1PersistentVolume) => keep(toVolume(object)),
  };
  return reading("all PersistentVolumes", () => openList(listing));
}

function isInUse({ phase }: ClusterVolume): boolean {
  return !LEFT_PHASES.includes(phase);
}

function toVolumeInUse({ name, phase, claim }: ClusterVolume): VolumeInUse {
  return { name, phase, ...(claim && { claim: { namespace: claim.namespace, name: claim.name } }) };
}

/** Written by csi-provisioner; what gives a volume to another driver's node plugin leaves it (contract.md 1, way B). */
const PROVISIONER_ANNOTATION = "pv.kubernetes.io/provisioned-by";

function toVolume({ metadata, spec, status }: V1PersistentVolume): ClusterVolume {
  const { namespace, name, uid = "" } = spec?.claimRef ?? {};
  const provisioner = metadata?.annotations?.[PROVISIONER_ANNOTATION];
  return {
    name: metadata?.name ?? "",
    handle: spec?.csi?.volumeHandle ?? "",
    attributes: spec?.csi?.volumeAttributes ?? {},
    phase: status?.phase ?? "",
    ...(provisioner !== undefined && { provisioner }),
    ...(namespace !== undefined && name !== undefined && { claim: { namespace, name, uid } }),
  };
}
