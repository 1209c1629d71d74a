/** The ARM ids of resource groups and storage accounts, written and read. ARM compares ids without case. */
import type { AccountRef, ResourceGroupRef } from "../ports.ts";

/** `/subscriptions/<s>/resourceGroups/<g>` */
export function groupId({ subscriptionId, resourceGroup }: ResourceGroupRef): string {
  return `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}`;
}

/** The id and the key of an account. */
interface Spelled {
  readonly id: string;
  readonly key: string;
}

/** By the object itself, which nobody changes: a volume asks some ten times, nearly always of an account that is remembered. */
const spelled = new WeakMap<AccountRef, Spelled>();

/** `/subscriptions/<s>/resourceGroups/<g>/providers/Microsoft.Storage/storageAccounts/<name>` */
export function accountId(ref: AccountRef): string {
  return (spelled.get(ref) ?? spell(ref)).id;
}

/** The same in lower case: a key for maps and locks. */
export function accountKey(ref: AccountRef): string {
  return (spelled.get(ref) ?? spell(ref)).key;
}

function spell(ref: AccountRef): Spelled {
  const id = `${groupId(ref)}/providers/Microsoft.Storage/storageAccounts/${ref.name}`;
  const made = { id, key: id.toLowerCase() };
  spelled.set(ref, made);
  return made;
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
