/** Accounts that carry no cluster's mark, as version 0.1 made them: only the id, which people choose, says whose they are. */
import type { Dependencies } from "../dependencies.ts";
import { CLUSTER_UID_TAG } from "../formats/account-tags.ts";
import { accountId } from "../formats/arm-ids.ts";
import type { Account } from "../ports.ts";
import { isMarked, isOurs } from "./ownership.ts";

/** Warns of one that this controller made, where it has a mark itself; a given account carries what its administrator gave it. */
export function reportUnmarked({ ports, settings }: Dependencies, account: Account): void {
  // One that lost its tags is reported as that.
  if (
    account.lostTags !== undefined ||
    settings.clusterUid === undefined ||
    isMarked(account) ||
    !isOurs(account, settings)
  )
    return;
  ports.observer.unmarked(account);
}

/** The command that marks the account as this cluster's, for its administrator. Undefined without Kubernetes. */
export function toMarkCommand(account: Account, clusterUid: string | undefined): string | undefined {
  if (clusterUid === undefined) return undefined;
  return `az tag update --operation merge --resource-id ${accountId(account.ref)} --tags ${CLUSTER_UID_TAG}=${clusterUid}`;
}
