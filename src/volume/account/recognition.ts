/**
 * Finds out what an account's name was computed from when its tags no longer say it: from the metadata of its file systems,
 * which states pool, shard and attempt, and for older ones from the classes that exist. Both may lie: what they say counts
 * only where the account's own name is the hash of it, so that a lie leads nowhere else.
 */

import { ownClasses } from "../class/cluster-classes.ts";
import { everyPlace } from "../class/places.ts";
import type { VolumeClass } from "../class/volume-class.ts";
import type { Dependencies } from "../dependencies.ts";
import { type DecodedMetadata, decodeMetadata } from "../formats/file-system-metadata.ts";
import { ACCOUNT_NAME_ATTEMPTS, accountName, fileSystemName } from "../names.ts";
import type { Account, ClusterClass, ClusterVolume, Settings } from "../ports.ts";
import { mayReferTo, namedFileSystems } from "../references.ts";
import { poolTagsOf, type Tenant } from "./account-names.ts";
import { listFileSystems } from "./contents.ts";
import { type Contents, clusterIdsOf, lacksTags, type ProvenTags, statedMark, withProvenTags } from "./lost-tags.ts";

/** An account may hold many file systems; one of them is enough to prove what it is. */
const MOST_TENANTS = 100;

/**
 * The account with the tags that it lost, as far as they can be proven; unchanged where nothing is lost or proven. Asks the
 * cluster for its classes.
 */
export async function recognise(deps: Dependencies, account: Account, contents: Contents): Promise<Account> {
  if (!lacksTags(account, deps.settings)) return account;
  const records = contents.map(({ metadata }) => decodeMetadata(metadata));
  const proven = await prove(deps, account, contents, records);
  const whole = proven && withProvenTags(account, proven);
  if (whole?.lostTags === undefined) return account;
  return { ...whole, lostTags: { ...whole.lostTags, ...statedMark(whole, contents, deps.settings) } };
}

/** The same of an account in a list. `spend` is awaited before each list of what is in it, where it lost tags. */
export async function recogniseListed(
  deps: Dependencies,
  account: Account,
  spend?: () => Promise<void>,
): Promise<Account> {
  if (!lacksTags(account, deps.settings)) return account;
  return await recognise(deps, account, await listFileSystems(deps, account.ref, spend));
}

async function prove(
  deps: Dependencies,
  { ref: { name } }: Account,
  contents: Contents,
  records: readonly DecodedMetadata[],
): Promise<ProvenTags | undefined> {
  const placed = findPlacement(name, records, deps.settings);
  const classes = readClasses(deps, await deps.ports.cluster.listClasses());
  const findBy = (tenants: readonly Tenant[]) => findClass(deps, { name, classes, tenants, placed });
  return findBy(tenantsIn(contents, records)) ?? findBy(await findTenants(deps, contents)) ?? placed;
}

interface Search {
  readonly name: string;
  readonly classes: readonly VolumeClass[];
  readonly tenants: readonly Tenant[];
  readonly placed: ProvenTags | undefined;
}

/** Everything about the account, where a class has accounts of this name for one of the tenants. */
function findClass({ settings, backend }: Dependencies, search: Search): ProvenTags | undefined {
  const { name, classes, tenants, placed } = search;
  for (const volumeClass of classes) {
    const tried = new Set<string>();
    for (const tenant of tenants) {
      const tags = poolTagsOf(volumeClass, tenant, backend);
      if (tried.has(tags.pool)) continue;
      tried.add(tags.pool);
      const isPlaced = placed !== undefined && placed.pool === tags.pool;
      const source = placed === undefined ? findSource(name, tags.pool, volumeClass, settings) : isPlaced && placed;
      if (source) return { ...source, ...tags };
    }
  }
  return undefined;
}

/** Where a file system says that the account stands, if its cluster is ours and the account's name is the hash of it. */
function findPlacement(name: string, records: readonly DecodedMetadata[], settings: Settings): ProvenTags | undefined {
  for (const { clusterId = "", placement } of records) {
    if (placement === undefined || !clusterIdsOf(settings).has(clusterId)) continue;
    const source = { clusterId, ...placement };
    if (accountName(source) === name) return source;
  }
  return undefined;
}

/** Shard and attempt of an account of this pool that bears the name. */
function findSource(name: string, pool: string, { poolSize }: VolumeClass, settings: Settings): ProvenTags | undefined {
  for (const clusterId of clusterIdsOf(settings)) {
    for (let index = 0; index < poolSize * ACCOUNT_NAME_ATTEMPTS; index++) {
      const shard = Math.floor(index / ACCOUNT_NAME_ATTEMPTS);
      const source = { clusterId, pool, shard, attempt: index % ACCOUNT_NAME_ATTEMPTS };
      if (accountName(source) === name) return source;
    }
  }
  return undefined;
}

/** Whom the account may serve by what is in it; at least nobody in particular, which suffices for a pool. */
function tenantsIn(contents: Contents, records: readonly DecodedMetadata[]): Tenant[] {
  const tenants = records.slice(0, MOST_TENANTS).map(({ claim, volumeName }, index) => {
    const { name } = contents[index]?.ref ?? { name: "" };
    const isItsName = volumeName !== undefined && fileSystemName(volumeName) === name;
    return { namespace: claim?.namespace ?? "", volume: isItsName ? volumeName : name };
  });
  return [{ namespace: "", volume: "" }, ...tenants];
}

/** The same by the PersistentVolumes that name what is in it: a workload cannot change those. */
async function findTenants({ ports, backend }: Dependencies, contents: Contents): Promise<Tenant[]> {
  const volumes = await ports.cluster.listVolumes();
  const byName = new Map(contents.map(({ ref }) => [ref.name, ref]));
  const isNamedBy = (volume: ClusterVolume) =>
    namedFileSystems(volume, backend.readReferences).some((reference) => {
      const ref = byName.get(reference.name);
      return ref !== undefined && mayReferTo(reference, ref);
    });
  return volumes
    .filter(isNamedBy)
    .slice(0, MOST_TENANTS)
    .map(({ name, claim }) => ({ namespace: claim?.namespace ?? "", volume: name }));
}

/** A class that cannot be read has no accounts, and neither has one of a given account. */
function readClasses({ settings, backend }: Dependencies, classes: readonly ClusterClass[]): VolumeClass[] {
  return ownClasses(classes, settings)
    .flatMap(({ parameters }) => {
      try {
        return everyPlace(parameters, { settings, backend });
      } catch {
        return [];
      }
    })
    .filter(({ storageAccount }) => storageAccount === undefined);
}
