/**
 * What is left in Azure that nothing in the cluster needs: file systems, accounts, role assignments and federated
 * credentials that this controller has created. Reads only. Nothing that may belong to an existing volume, or to one being
 * created, is an orphan.
 */

import { isMarked, isOurs } from "../account/ownership.ts";
import type { Dependencies } from "../dependencies.ts";
import type { Account } from "../ports.ts";
import { findOrphanedAccounts } from "./accounts.ts";
import { findOrphanedCredentials } from "./credentials.ts";
import { findOrphanedFileSystems, isSharedWithAnother } from "./file-systems.ts";
import { takeInventory } from "./inventory.ts";
import type { OrphanRules } from "./kept.ts";
import { isRetained, type Orphan } from "./orphan.ts";
import { findOrphanedRoleAssignments } from "./role-assignments.ts";
import { fileSystemKey, type StoredFileSystem } from "./stored.ts";

export interface SurveyOptions extends OrphanRules {
  /** Awaited before each list. */
  readonly pace?: () => Promise<void>;
}

export interface OrphanSurvey {
  /** In the order in which they may be removed. */
  readonly orphans: readonly Orphan[];
  /** Every file system in accounts that are ours or given, needed or not. */
  readonly stored: readonly StoredFileSystem[];
  /** How many of our file systems the cluster does need: none at all may mean that it is another cluster. */
  readonly needed: number;
  /** Accounts that we made, that carry no mark, and in which nothing carries another cluster's. */
  readonly unmarked: readonly Account[];
}

export async function surveyOrphans(deps: Dependencies, options: SurveyOptions): Promise<OrphanSurvey> {
  const inventory = await takeInventory(deps, options.pace);
  const { accounts, references } = inventory;
  const fileSystems = findOrphanedFileSystems(deps, inventory, options);
  const retained = fileSystems.filter(isRetained).map(({ fileSystem }) => fileSystem);
  const all = [...accounts.values()].flatMap((known) => known.fileSystems);
  return {
    orphans: [
      ...findOrphanedRoleAssignments(deps, inventory, { retained, statements: options }),
      ...fileSystems,
      ...(await findOrphanedAccounts(deps, inventory, options)),
      ...(await findOrphanedCredentials(deps, references)),
    ],
    stored: all.map(({ ref }) => ({ key: fileSystemKey(ref), isBound: references.isNamedByVolume(ref.name) })),
    needed: all.filter(({ ref }) => references.referencesFileSystem(ref.name)).length,
    unmarked: [...accounts.values()]
      .filter((known) => !isMarked(known.account) && !isSharedWithAnother(known, deps.settings))
      .map(({ account }) => account)
      .filter((account) => isOurs(account, deps.settings)),
  };
}
