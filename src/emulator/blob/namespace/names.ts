/** Flat and hierarchical accounts: which of the two an account is, and the names that a hierarchical one has. */

import { BlobError } from "../../storage/errors.ts";
import type { StorageAccount } from "../../world.ts";

/** A real account of today refuses the 62nd; the reference speaks of 63, with the account's and the container's. */
const MAX_SEGMENTS = 61;

/** Whether the account has a hierarchical namespace: set when it was made, and never changed. */
export function isHierarchical(account: StorageAccount): boolean {
  return account.properties["isHnsEnabled"] === true;
}

/** A blob's name as the account has it: a hierarchical namespace knows no empty segments, so `a//b/` is `a/b`. */
export function nameIn(account: StorageAccount, name: string): string {
  if (name === "" || !isHierarchical(account)) return name;
  const segments = name.split("/").filter((segment) => segment !== "");
  if (segments.length === 0 || segments.length > MAX_SEGMENTS) throw new BlobError("InvalidUri");
  return segments.join("/");
}

/** The name of the directory that holds a path; empty for the root. */
export function parentOf(name: string): string {
  return name.slice(0, Math.max(name.lastIndexOf("/"), 0));
}
