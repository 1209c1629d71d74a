/** The size of a container: a label in its metadata. Azure limits the account, not the container, so nothing enforces it. */
import type { SizeRule } from "../backend.ts";

export const BLOB_SIZE: SizeRule = {
  defaultBytes: 2 ** 30,
  /** What a storage account holds by default (azure.md 1). */
  maxBytes: 5 * 2 ** 50,
  maxText: "5 PiB",
};
