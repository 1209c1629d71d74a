/** From a class to the names that its accounts can have: the same for a new volume and for an account that lost its tags. */
import type { Backend } from "../../backend/backend.ts";
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
  const poolKey = poolKeyOf(backend.parameters, volumeClass);
  const pool = hashOf({ version: NAMING_VERSION, ...poolKey, isolationKey });
  const owner = { pool: {}, namespace: { namespace }, volume: { fileSystem: fileSystemName(volume) } }[isolation];
  return { pool, isolation, ...owner };
}
