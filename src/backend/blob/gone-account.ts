/**
 * Whether a 404 for an account's containers means that the account is gone: only then there are none. ARM's regions do not
 * all know a resource at the same time, and an account that is taken for empty may be deleted.
 */
import type { Arm } from "../../azure/arm.ts";
import { statusOf } from "../../azure/faults.ts";
import type { AccountRef } from "../../volume/ports.ts";

/** One more read, after a 404 alone. False where that read fails: then nothing is known. */
export async function isGoneWith(arm: Arm, ref: AccountRef, error: unknown): Promise<boolean> {
  if (statusOf(error) !== 404) return false;
  const { subscriptionId, resourceGroup, name } = ref;
  const { storageAccounts } = arm.subscription(subscriptionId).storage;
  return await storageAccounts.getProperties(resourceGroup, name).then(
    () => false,
    (failure: unknown) => statusOf(failure) === 404,
  );
}
