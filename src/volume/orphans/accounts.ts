/** Our accounts that hold no file system and will not get another one. */

import { clusterOfAccount, isForOneVolume, isOurs } from "../account/ownership.ts";
import type { Dependencies } from "../dependencies.ts";
import { decodeAccountTags } from "../formats/account-tags.ts";
import { accountId } from "../formats/arm-ids.ts";
import { isWantedByClass } from "../pools/wanted.ts";
import type { Account } from "../ports.ts";
import { isOldEnough } from "./age.ts";
import type { ClusterReferences } from "./cluster-references.ts";
import type { Inventory } from "./inventory.ts";
import { type OrphanRules, whyKept } from "./kept.ts";
import type { OrphanedAccount } from "./orphan.ts";

export async function findOrphanedAccounts(
  deps: Dependencies,
  { accounts, references }: Inventory,
  rules: OrphanRules,
): Promise<OrphanedAccount[]> {
  const empty = [...accounts.values()].filter(
    ({ account, fileSystems }) => fileSystems.length === 0 && isOldEnough(account.createdAtMs, rules),
  );
  const found: OrphanedAccount[] = [];
  for (const { account } of empty) {
    const because = await whyUnneeded(deps, account, references);
    if (because === undefined) continue;
    const keptBecause = whyKept(clusterOfAccount(account), deps.settings, rules);
    const id = accountId(account.ref);
    found.push({ kind: "account", id, because, keptBecause, account, changedAtMs: account.createdAtMs });
  }
  return found;
}

/** Why an account that holds no file system will not get another one, or undefined when it may. */
export async function whyUnneeded(
  { ports, settings, backend }: Dependencies,
  account: Account,
  references: ClusterReferences,
): Promise<string | undefined> {
  const { isolation, fileSystem = "", namespace, namespaceUid: uid } = decodeAccountTags(account.tags);
  if (references.referencesFileSystem(fileSystem) || !isOurs(account, settings)) return undefined;
  if (isForOneVolume(account, settings)) return `it was made for one volume, whose ${backend.noun} is gone`;
  if (!ports.cluster.isConnected || isolation === undefined) return undefined;
  const isOfNamespace = namespace !== undefined && uid !== undefined;
  if (isOfNamespace && (await ports.cluster.findNamespaceUid(namespace)) !== uid) {
    return `it was made for namespace ${namespace} (UID ${uid}), which does not exist any more`;
  }
  const isWanted = await isWantedByClass({ ports, settings, backend }, account);
  return isWanted ? undefined : "no StorageClass leads new volumes to it any more";
}
