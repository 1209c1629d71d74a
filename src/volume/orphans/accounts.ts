/** Our accounts that hold no file system and will not get another one. */
import type { Dependencies } from "../dependencies.ts";
import { decodeAccountTags } from "../formats/account-tags.ts";
import { accountId } from "../formats/arm-ids.ts";
import { isForOneVolume, isOurs } from "../ownership.ts";
import type { Account } from "../ports.ts";
import { type AgeLimit, isOldEnough } from "./age.ts";
import type { ClusterReferences } from "./cluster-references.ts";
import type { Inventory } from "./inventory.ts";
import type { OrphanedAccount } from "./orphan.ts";

export async function findOrphanedAccounts(
  deps: Dependencies,
  { accounts, references }: Inventory,
  age: AgeLimit,
): Promise<OrphanedAccount[]> {
  const empty = [...accounts.values()].filter(
    ({ account, fileSystems }) => fileSystems.length === 0 && isOldEnough(account.createdAtMs, age),
  );
  const found: OrphanedAccount[] = [];
  for (const { account } of empty) {
    const because = await whyUnneeded(deps, account, references);
    if (because !== undefined) found.push({ kind: "account", id: accountId(account.ref), because, account });
  }
  return found;
}

/** Why an account that holds no file system will not get another one, or undefined when it may. */
export async function whyUnneeded(
  { ports, settings, backend }: Dependencies,
  account: Account,
  references: ClusterReferences,
): Promise<string | undefined> {
  const { fileSystem = "", namespace, namespaceUid: uid } = decodeAccountTags(account.tags);
  if (references.referencesFileSystem(fileSystem) || !isOurs(account, settings)) return undefined;
  if (isForOneVolume(account, settings)) return `it was made for one volume, whose ${backend.noun} is gone`;
  if (namespace === undefined || uid === undefined || !ports.cluster.isConnected) return undefined;
  const isGone = (await ports.cluster.findNamespaceUid(namespace)) !== uid;
  return isGone ? `it was made for namespace ${namespace} (UID ${uid}), which does not exist any more` : undefined;
}
