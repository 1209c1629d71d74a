/** What happens to an account that is no longer keyless, whether a volume or the background check comes upon it. */
import type { Dependencies } from "../dependencies.ts";
import type { Account } from "../ports.ts";
import { isOurs } from "./ownership.ts";

/**
 * The account after its repair; unchanged where the operator does not want one, where it is its administrator's to repair,
 * and where it was repaired within the last hour: a policy that opens it again is not fought.
 */
export async function repairDrift(
  { ports, settings }: Pick<Dependencies, "ports" | "settings">,
  account: Account,
): Promise<Account> {
  if (!settings.repairsDrift || !isOurs(account, settings)) return account;
  const repaired = await ports.accounts.enforceKeyless(account.ref);
  if (repaired !== undefined && repaired.nonEntraAccess.length === 0) {
    ports.observer.keylessAgain(repaired, "repaired");
  }
  return repaired ?? account;
}

/** Which account it is and which ways into it ask for no Entra identity. */
export function describeDrift({ ref: { name, resourceGroup }, nonEntraAccess }: Account): string {
  return `storage account ${name} in resource group ${resourceGroup} is not keyless: ${nonEntraAccess.join(", ")}`;
}
