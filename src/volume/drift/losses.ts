/** What lists show to be missing of the volumes in a resource group. Lists lag: what they do not show may be there. */
import { listFileSystems } from "../account/contents.ts";
import { clusterOfAccount, isLeftToAnother, isOwnedCluster } from "../account/ownership.ts";
import type { Dependencies } from "../dependencies.ts";
import { accountKey } from "../formats/arm-ids.ts";
import { principalIdsIn } from "../formats/file-system-metadata.ts";
import type { Account, FileSystem } from "../ports.ts";
import type { AccountInUse, BoundVolume, GroupInUse } from "./bound-volumes.ts";
import { type Grants, readGrants } from "./grants.ts";

/** What a volume lacks. */
export type Loss =
  | { readonly what: "account" | "file system" }
  | {
      readonly what: "access";
      readonly account: Account;
      /** Those for whom the file system was opened, as its metadata says: an identity may have been replaced. */
      readonly principalIds: readonly string[];
      /** The role assignments that are listed. */
      readonly grants: Grants;
    };

/** A volume whose state is known. */
export interface SeenVolume {
  readonly volume: BoundVolume;
  readonly loss: Loss | undefined;
  /** Whether role assignments were looked at. */
  readonly isAccessSeen: boolean;
}

/** What a look at one resource group needs of the round. */
export interface Look {
  readonly deps: Dependencies;
  /** Awaited before each list. */
  readonly spend: () => Promise<void>;
  /** Receives what fails: the rest of the group is looked at all the same. */
  readonly failed: (error: unknown) => void;
}

/** Two lists for the group, and one for each 5,000 file systems of an account. Volumes of other clusters are left out. */
export async function lookAtGroup(look: Look, { group, accounts: inUse }: GroupInUse): Promise<LookedAt> {
  const { deps, spend } = look;
  const { accounts, roleAssignments } = deps.ports;
  await spend();
  const listed = new Map((await accounts.list(group)).map((account) => [accountKey(account.ref), account]));
  await spend();
  const assigned = await roleAssignments.listIn(group).catch((error: unknown) => void look.failed(error));
  const grants = assigned && readGrants(deps, assigned);
  const seen: SeenVolume[] = [];
  const unseen: BoundVolume[] = [];
  for (const each of inUse) {
    const account = listed.get(accountKey(each.ref));
    if (account === undefined) seen.push(...each.volumes.map((volume) => lost(volume, { what: "account" })));
    else if (isOfAnother(deps, account)) continue;
    else {
      try {
        seen.push(...(await lookIntoAccount(look, each, { account, grants })));
      } catch (error) {
        look.failed(error);
        unseen.push(...each.volumes);
      }
    }
  }
  return { seen, unseen };
}

export interface LookedAt {
  readonly seen: readonly SeenVolume[];
  /** Of accounts whose file systems could not be listed. */
  readonly unseen: readonly BoundVolume[];
}

function lost(volume: BoundVolume, loss: Loss): SeenVolume {
  return { volume, loss, isAccessSeen: true };
}

/** One that lost our tags may be ours: the PersistentVolume says so. */
function isOfAnother({ settings }: Dependencies, account: Account): boolean {
  const cluster = clusterOfAccount(account);
  return cluster.clusterId !== "" && !isOwnedCluster(cluster, settings, "ours");
}

interface InAccount {
  readonly account: Account;
  /** Undefined where they could not be listed. */
  readonly grants: Grants | undefined;
}

async function lookIntoAccount(
  { deps, spend }: Look,
  { ref, volumes }: AccountInUse,
  { account, grants }: InAccount,
): Promise<SeenVolume[]> {
  const wanted = new Set(volumes.map(({ fileSystem }) => fileSystem.name));
  const found = new Map<string, FileSystem["metadata"]>();
  for (const { ref: each, metadata } of await listFileSystems(deps, ref, spend)) {
    if (wanted.has(each.name)) found.set(each.name, metadata);
  }
  return volumes.flatMap((volume) => {
    const metadata = found.get(volume.fileSystem.name);
    if (metadata === undefined) return [lost(volume, { what: "file system" })];
    if (isLeftToAnother(account, metadata, deps.settings)) return [];
    if (grants === undefined) return [{ volume, loss: undefined, isAccessSeen: false }];
    const principalIds = principalIdsIn(metadata);
    const isOpen = principalIds.some((principalId) => grants(volume.fileSystem, principalId));
    const loss = isOpen ? undefined : { what: "access" as const, account, principalIds, grants };
    return [{ volume, loss, isAccessSeen: true }];
  });
}
