/** Flat and hierarchical accounts: which of the two an account is ("Azure Data Lake Storage hierarchical namespace"). */
import type { StorageAccount } from "../world.ts";

/** Whether the account has a hierarchical namespace: set when it was made, and never changed. */
export function isHierarchical(account: StorageAccount): boolean {
  return account.properties["isHnsEnabled"] === true;
}
