/** The ARM id of a storage account, written and read. ARM compares ids without case. */
import type { AccountRef } from "../ports.ts";

/** `/subscriptions/<s>/resourceGroups/<g>/providers/Microsoft.Storage/storageAccounts/<name>` */
export function accountId({ subscriptionId, resourceGroup, name }: AccountRef): string {
  return `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/Microsoft.Storage/storageAccounts/${name}`;
}

/** The same in lower case: a key for maps and locks. */
export function accountKey(ref: AccountRef): string {
  return accountId(ref).toLowerCase();
}

const ACCOUNT_ID =
  /^\/subscriptions\/([^/]+)\/resourceGroups\/([^/]+)\/providers\/Microsoft\.Storage\/storageAccounts\/([^/]+)(\/.*)?$/i;

/** The account that an id names or lies in, and what follows the account; undefined for other ids. */
export function parseAccountId(id: string): { readonly account: AccountRef; readonly rest: string } | undefined {
  const [, subscriptionId, resourceGroup, name, rest = ""] = ACCOUNT_ID.exec(id) ?? [];
  if (subscriptionId === undefined || resourceGroup === undefined || name === undefined) return undefined;
  return { account: { subscriptionId, resourceGroup, name: name.toLowerCase() }, rest };
}

/** The subscription of any ARM id, `""` when it lies in none. */
export function subscriptionOf(id: string): string {
  return /^\/subscriptions\/([^/]+)/i.exec(id)?.[1] ?? "";
}
