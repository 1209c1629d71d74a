/**
 * The two keys of a storage account, computed from what never changes about it, so that nothing secret is stored. ARM's
 * listKeys answers them; Blob checks signatures with them on accounts that allow key access.
 */
import { createHash, createHmac } from "node:crypto";
import type { StorageAccount } from "../world.ts";

/** Names of the keys, as listKeys gives them. */
export type AccountKeyName = "key1" | "key2";

/** A key in base64 (64 bytes). A re-created account of the same name has other keys. */
export function accountKey(account: StorageAccount, name: AccountKeyName): string {
  return createHash("sha512").update(`${account.id.toLowerCase()}\n${account.createdAt}\n${name}`).digest("base64");
}

/** Base64 of HMAC-SHA256 over the UTF-8 text, with a key in base64: how Azure Storage computes every signature. */
export function sign(keyBase64: string, text: string): string {
  return createHmac("sha256", Buffer.from(keyBase64, "base64")).update(text, "utf8").digest("base64");
}

/** Whether shared key access is allowed: absent and null mean yes (azure.md 6, `allowSharedKeyAccess`). */
export function allowsKeys(account: StorageAccount): boolean {
  return account.properties["allowSharedKeyAccess"] !== false;
}
