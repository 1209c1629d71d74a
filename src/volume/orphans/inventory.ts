/**
 * What exists, for `orphans`: read in an order in which a volume that is being created is never mistaken for an orphan.
 * CreateVolume makes claim, account, file system, role assignment, PersistentVolume in this order, so the lists are read
 * the other way round, and the cluster's references last.
 */
import { listFileSystems } from "../account/contents.ts";
import { lacksTags, restoringAdvice } from "../account/lost-tags.ts";
import { isOursOrGiven, listedMarks } from "../account/ownership.ts";
import { recognise } from "../account/recognition.ts";
import type { Dependencies } from "../dependencies.ts";
import type { Account, FileSystem, ListedRoleAssignment } from "../ports.ts";
import { allowedGroups } from "../settings.ts";
import { type ClusterReferences, readClusterReferences } from "./cluster-references.ts";

/** An account that we created or were given, and what is in it. */
export interface KnownAccount {
  readonly account: Account;
  readonly fileSystems: readonly FileSystem[];
}

export interface Inventory {
  /** In every allowed resource group. */
  readonly roleAssignments: readonly ListedRoleAssignment[];
  /** By name, which is unique in all of Azure. */
  readonly accounts: ReadonlyMap<string, KnownAccount>;
  /** Names of accounts in the allowed resource groups that are not ours. */
  readonly foreign: ReadonlySet<string>;
  readonly references: ClusterReferences;
}

/** `pace` is awaited before each list: Azure allows 100 in 5 minutes, and there may be 250 accounts. */
export async function takeInventory(
  deps: Dependencies,
  pace: () => Promise<void> = async () => {},
): Promise<Inventory> {
  const { ports, settings } = deps;
  const groups = allowedGroups(settings);
  const roleAssignments: ListedRoleAssignment[] = [];
  for (const group of groups) {
    await pace();
    roleAssignments.push(...(await ports.roleAssignments.listIn(group)));
  }
  const accounts = new Map<string, KnownAccount>();
  const foreign = new Set<string>();
  for (const group of groups) {
    await pace();
    for (const account of await ports.accounts.list(group)) {
      const known = await lookInto(deps, account, pace);
      if (known === undefined) foreign.add(account.ref.name);
      else accounts.set(account.ref.name, known);
    }
  }
  return { roleAssignments, accounts, foreign, references: await readClusterReferences(deps) };
}

/** Undefined for an account of others. One that lost its tags is ours where its name proves it. */
async function lookInto(
  deps: Dependencies,
  account: Account,
  pace: () => Promise<void>,
): Promise<KnownAccount | undefined> {
  const { ports, settings } = deps;
  const marks = listedMarks(settings);
  const isKnown = (each: Account) => isOursOrGiven(each, settings, marks);
  if (!isKnown(account) && !lacksTags(account, settings)) return undefined;
  const fileSystems = await listFileSystems(deps, account.ref, pace);
  const whole = await recognise(deps, account, fileSystems);
  if (!isKnown(whole)) return undefined;
  if (whole.lostTags !== undefined) ports.observer.tagsLost(whole, restoringAdvice(whole));
  return { account: whole, fileSystems };
}
