/** What all services derive from a storage account: tenant, kind of namespace, keys and their signatures. */
import { createHash, createHmac } from "node:crypto";
import type { Services } from "../services.ts";
import type { StorageAccount } from "../world.ts";

/** The tenant of the account's subscription: only its tokens are accepted. */
export function tenantOfAccount(services: Services, account: StorageAccount): string {
  return services.world.subscriptions.get(account.subscriptionId)?.tenantId ?? "";
}

/** Whether the account has a hierarchical namespace: set at creation, and never changed. */
export function isHierarchical(account: StorageAccount): boolean {
  return account.properties["isHnsEnabled"] === true;
}

/** Names of the keys, as listKeys gives them. */
type AccountKeyName = "key1" | "key2";

/**
 * A key in base64 (64 bytes), computed from what never changes about the account, so that nothing secret is stored. ARM's
 * listKeys returns it; Blob checks signatures with it on accounts that allow key access. A re-created account of the same name
 * has other keys.
 */
export function accountKey(account: StorageAccount, name: AccountKeyName): string {
  const generation = account.keyGenerations?.[name];
  const text = [account.id.toLowerCase(), account.createdAt, name, ...(generation === undefined ? [] : [generation])];
  return createHash("sha512").update(text.join("\n")).digest("base64");
}

/** Base64 of HMAC-SHA256 over the UTF-8 text, with a key in base64: how Azure Storage computes every signature. */
export function sign(keyBase64: string, text: string): string {
  return createHmac("sha256", Buffer.from(keyBase64, "base64")).update(text, "utf8").digest("base64");
}

/** Whether shared key access is allowed: absent and null mean yes (azure.md 6, `allowSharedKeyAccess`). */
export function allowsKeys(account: StorageAccount): boolean {
  return account.properties["allowSharedKeyAccess"] !== false;
}
