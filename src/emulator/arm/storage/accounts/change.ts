/** What PATCH, and PUT on an existing account, change: what was sent, as far as Azure allows it to change. */

import type { JsonObject } from "../../../json.ts";
import type { StorageAccount } from "../../../world.ts";
import { badRequest } from "../../front-door/errors.ts";
import { objectAt, stringAt } from "../../front-door/json.ts";
import { readTags, STORAGE_TAGS } from "../../front-door/tags.ts";
import { readIdentity } from "./property-rules.ts";
import {
  cannotBeUpdated,
  mergeProperties,
  readProperties,
  requireAccessTier,
  requireProtocolFit,
  requireSku,
  skuTier,
} from "./rules.ts";

/** Applies a body to an account. Checks everything before it changes anything. */
export function changeAccount(account: StorageAccount, body: JsonObject): void {
  const kind = readKind(account, body);
  const sku = readSku(account, kind, body);
  const tags = readTags(body, STORAGE_TAGS);
  const identity = readIdentity(body, account.identity);
  const properties = mergeProperties(account, readProperties(body));
  requireAccessTier(kind, properties);
  requireProtocolFit(properties);
  account.kind = kind;
  account.sku = { name: sku, tier: skuTier(sku) };
  account.properties = properties;
  if (tags !== undefined) account.tags = tags;
  if (identity !== undefined) account.identity = identity;
  const extras = extrasOf(body);
  if (Object.keys(extras).length > 0) account.extras = { ...account.extras, ...extras };
}

/** Top-level members that this service stores and shows, and does not interpret. */
export function extrasOf(body: JsonObject, names = ["zones", "placement"]): JsonObject {
  return Object.fromEntries(Object.entries(body).filter(([name]) => names.includes(name)));
}

/** Only an upgrade to StorageV2 is possible. */
function readKind(account: StorageAccount, body: JsonObject): string {
  const kind = stringAt(body, "kind") ?? account.kind;
  if (kind === account.kind) return kind;
  const upgrades = ["Storage", "BlobStorage"];
  if (kind === "StorageV2" && upgrades.includes(account.kind)) return kind;
  throw cannotBeUpdated("kind");
}

function readSku(account: StorageAccount, kind: string, body: JsonObject): string {
  const before = account.sku.name;
  const sku = stringAt(objectAt(body, "sku"), "name") ?? before;
  requireSku(kind, sku);
  if (sku !== before && !isConvertible(before, sku)) {
    throw badRequest(
      "StorageAccountTypeConversionNotAllowed",
      `Storage account type cannot be converted from ${before} to ${sku}.`,
    );
  }
  return sku;
}

/**
 * Standard and Premium never convert into each other, nor do zone-redundant and other SKUs (Storage Accounts - Update).
 */
function isConvertible(before: string, after: string): boolean {
  if (skuTier(before) === "Premium" || skuTier(after) === "Premium") return false;
  const zonal = (sku: string) => /ZRS$/.test(sku);
  return zonal(before) === zonal(after);
}
