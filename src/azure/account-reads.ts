/** Reads of one storage account through ARM. */
import type { StorageAccount } from "@azure/arm-storage";
import type { AccountRef } from "../volume/ports.ts";
import type { Arm } from "./arm.ts";
import { codeOf, toDriverError } from "./faults.ts";
import { isSettled } from "./unfinished-accounts.ts";

/** Creating an account in a group that is gone is refused; deleting one there has succeeded. */
const ABSENT = ["ResourceNotFound", "ResourceGroupNotFound"];

/** Creation takes 20 to 30 s in Azure; past this something is wrong, and the caller tries again. */
const SETTLE_ATTEMPTS = 60;
const SETTLE_INTERVAL_MS = 2_000;

/** What `readSettled` needs. */
export interface AccountReading {
  readonly arm: Arm;
  readonly sleep: (milliseconds: number) => Promise<void>;
}

/** Waits while it is still being created: nothing can be put into it before that. It may be answered in any other state. */
export async function readSettled(
  { arm, sleep }: AccountReading,
  ref: AccountRef,
): Promise<StorageAccount | undefined> {
  for (let attempt = 0; ; attempt++) {
    const account = await read(arm, ref);
    if (account === undefined || isSettled(account) || attempt === SETTLE_ATTEMPTS) return account;
    await sleep(SETTLE_INTERVAL_MS);
  }
}

async function read(arm: Arm, ref: AccountRef): Promise<StorageAccount | undefined> {
  try {
    const { storage } = arm.subscription(ref.subscriptionId);
    return await storage.storageAccounts.getProperties(ref.resourceGroup, ref.name);
  } catch (error) {
    if (ABSENT.includes(codeOf(error) ?? "")) return undefined;
    throw toDriverError(error, `reading ${describeAccount(ref)}`);
  }
}

/** As messages name it. */
export function describeAccount({ name, resourceGroup }: AccountRef): string {
  return `storage account ${name} in resource group ${resourceGroup}`;
}
