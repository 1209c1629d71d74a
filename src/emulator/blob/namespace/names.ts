/** The names of blobs in accounts with a hierarchical namespace. */
import { isHierarchical } from "../../storage/accounts.ts";

import { StorageError } from "../../storage/errors.ts";
import type { StorageAccount } from "../../world.ts";

/** A real account refuses the 62nd; the reference says 63, including the account's and the container's. */
const MAX_SEGMENTS = 61;

/** A blob's name as the account stores it: a hierarchical namespace has no empty segments, so `a//b/` is `a/b`. */
export function nameIn(account: StorageAccount, name: string): string {
  if (name === "" || !isHierarchical(account)) return name;
  const segments = name.split("/").filter((segment) => segment !== "");
  if (segments.length === 0 || segments.length > MAX_SEGMENTS) throw new StorageError("InvalidUri");
  return segments.join("/");
}

/** The name of the directory that holds a path; empty for the root. */
export function parentOf(name: string): string {
  return name.slice(0, Math.max(name.lastIndexOf("/"), 0));
}
