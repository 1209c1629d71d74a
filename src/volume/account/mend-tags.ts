/** What happens when an account is found to have lost tags, whether a volume or the background check comes upon it. */
import type { Dependencies } from "../dependencies.ts";
import type { Account } from "../ports.ts";
import { restoringAdvice } from "./lost-tags.ts";

/** Reports it, and answers the account with its tags back where the operator wants that and it works; else the same. */
export async function mendTags(
  { ports, settings }: Pick<Dependencies, "ports" | "settings">,
  account: Account,
): Promise<Account> {
  const restored = settings.repairsDrift ? await restore(ports, account) : account;
  ports.observer.tagsLost(account, restored === account ? restoringAdvice(account) : "the tags were put back");
  return restored;
}

/** Nothing fails because tags cannot be written: the account is proven to be ours. */
async function restore(ports: Dependencies["ports"], account: Account): Promise<Account> {
  try {
    return (await ports.accounts.restoreTags(account.ref, account.lostTags ?? {})) ?? account;
  } catch (error) {
    ports.observer.tagsNotRestored(account, error);
    return account;
  }
}
