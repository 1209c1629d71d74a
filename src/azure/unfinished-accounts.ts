/** Storage accounts that ARM does not call Succeeded: which of them will be by themselves, and the PUT that may make one so. */
import type { StorageAccount, StorageAccountCreateParameters } from "@azure/arm-storage";
import type { AccountRef } from "../volume/ports.ts";
import type { Arm } from "./arm.ts";

/** ARM's terminal states (resource provider contract, "Asynchronous operations"), and the one that ends with the account. */
const SETTLED = /^(succeeded|failed|cancell?ed|delet(ing|ed))$/i;

/**
 * Whether no waiting helps. The SDK knows the states Creating, ResolvingDNS and Succeeded of a storage account, and ARM has
 * more: one that is not known is waited for.
 */
export function isSettled({ provisioningState }: StorageAccount): boolean {
  const state: string | undefined = provisioningState;
  return state === undefined || SETTLED.test(state);
}

/** The last write failed or was called off: ARM lets another one end that. */
const FAILED = /^(failed|cancell?ed)$/i;

/**
 * Repeats the PUT of an account. ARM lets a write end the state Failed or Canceled, and demands of no service that it does
 * (azure-resource-manager-rpc#147). In any other state it is answered as it is: somebody, such as another replica, has written
 * it meanwhile. Throws what the SDK throws.
 */
export async function putAgain(
  arm: Arm,
  ref: AccountRef,
  toParameters: (account: StorageAccount) => StorageAccountCreateParameters,
): Promise<StorageAccount> {
  const { storageAccounts } = arm.subscription(ref.subscriptionId).storage;
  const account = await storageAccounts.getProperties(ref.resourceGroup, ref.name);
  if (!FAILED.test(account.provisioningState ?? "")) return account;
  return await storageAccounts.create(ref.resourceGroup, ref.name, toParameters(account));
}
