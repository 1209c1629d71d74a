/** From a class to the names that its accounts can have: the same for a new volume and for an account that lost its tags. */
import type { Backend } from "../../backend/backend.ts";
import { remembering } from "../../concurrency/remembered.ts";
import { poolKeyOf, type VolumeClass } from "../class/volume-class.ts";
import type { AccountTags } from "../formats/account-tags.ts";
import { fileSystemName, hashOf, NAMING_VERSION } from "../names.ts";

/** Whom an account would serve; `volume` is the CSI volume name. */
export interface Tenant {
  readonly namespace: string;
  readonly volume: string;
}

/** What the tags of a class's accounts say of their pool and of whom they serve: classes that differ never share one. */
export function poolTagsOf(
  volumeClass: VolumeClass,
  { namespace, volume }: Tenant,
  backend: Backend,
): Pick<AccountTags, "pool" | "isolation" | "namespace" | "fileSystem"> {
  const { isolation } = volumeClass;
  const isolationKey = { pool: "", namespace, volume }[isolation];
  const pool = poolOf(volumeClass, backend)(isolationKey);
  const owner = { pool: {}, namespace: { namespace }, volume: { fileSystem: fileSystemName(volume) } }[isolation];
  return { pool, isolation, ...owner };
}

type PoolOf = (isolationKey: string) => string;

/** The hashes of pool keys, by their class and whom they isolate: a class belongs to one backend. */
const pools = new WeakMap<VolumeClass, PoolOf>();

function poolOf(volumeClass: VolumeClass, backend: Backend): PoolOf {
  const known = pools.get(volumeClass);
  if (known !== undefined) return known;
  const poolKey = poolKeyOf(backend.parameters, volumeClass);
  const computed = remembering((isolationKey) => hashOf({ version: NAMING_VERSION, ...poolKey, isolationKey }));
  pools.set(volumeClass, computed);
  return computed;
}
