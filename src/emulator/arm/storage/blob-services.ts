/** The blob service of an account: soft delete, versioning and other settings of all its containers. */
import type { Reply } from "../../http/call.ts";
import { isObject, type JsonObject } from "../../json.ts";
import type { StorageAccount } from "../../world.ts";
import { notAllowed, wrongCors } from "../bodies/refusals.ts";
import { shown } from "../bodies/shown.ts";
import { badRequest } from "../front-door/errors.ts";
import { objectAt } from "../front-door/json.ts";
import { type ArmRequest, type Route, routesOf } from "../provider.ts";
import { ACCOUNT, requireParentAccount } from "./accounts/find.ts";

const TYPE = "Microsoft.Storage/storageAccounts/blobServices";
const ALL = `${ACCOUNT}/blobServices`;

/** REST: Blob Services - List, Get Service Properties, Set Service Properties. */
export const blobServiceRoutes: readonly Route<typeof TYPE>[] = routesOf(TYPE, [
  ["GET", ALL, "read", "blobServices/list", listServices],
  ["GET", `${ALL}/default`, "read", "blobServices/get", getService],
  ["PUT", `${ALL}/default`, "write", "blobServices/set", setService, "blobService"],
]);

function listServices(request: ArmRequest): Reply {
  return { status: 200, body: { value: [serviceView(request, requireParentAccount(request))] } };
}

function getService(request: ArmRequest): Reply {
  return { status: 200, body: serviceView(request, requireParentAccount(request)) };
}

/**
 * What was sent is the whole of it: a member that is left out goes back to its default. The reference says so of CORS ("If no
 * CorsRule elements are included in the request body, all CORS rules will be deleted"), and of nothing that it stays.
 */
function setService(request: ArmRequest): Reply {
  const account = requireParentAccount(request);
  const sent = objectAt(request.body, "properties");
  for (const name of ["deleteRetentionPolicy", "containerDeleteRetentionPolicy", "restorePolicy"]) {
    requireRetention(sent, name);
  }
  requireRestorable(sent);
  requireChangeFeed(sent);
  requireReadable(sent);
  requireVersioningFit(account, sent);
  account.blobService = sent;
  return { status: 200, body: serviceView(request, account) };
}

/** An enabled policy needs 1 to 365 days (BlobServiceProperties.tsp DeleteRetentionPolicy). */
function requireRetention(sent: JsonObject, name: string): void {
  const policy = sent[name];
  if (!isObject(policy) || policy["enabled"] !== true) return;
  const days = policy["days"];
  if (typeof days === "number" && Number.isInteger(days) && days >= 1 && days <= 365) return;
  throw badRequest("InvalidRequestPropertyValue", `The value of '${name}.days' must be between 1 and 365.`, name);
}

/** Restoring needs versions, the change feed, and blobs kept for longer ("Point-in-time restore", prerequisites). */
function requireRestorable(sent: JsonObject): void {
  const restore = objectAt(sent, "restorePolicy");
  if (restore["enabled"] !== true) return;
  const kept = objectAt(sent, "deleteRetentionPolicy");
  const isReady = sent["isVersioningEnabled"] === true && objectAt(sent, "changeFeed")["enabled"] === true;
  if (isReady && kept["enabled"] === true && Number(restore["days"]) < Number(kept["days"])) return;
  throw notAllowed("True", "restorePolicy.enabled", "storageaccountrestore");
}

/** 1 to 146000 days (BlobServiceProperties, ChangeFeed). */
function requireChangeFeed(sent: JsonObject): void {
  const days = objectAt(sent, "changeFeed")["retentionInDays"];
  if (typeof days !== "number" || (days >= 1 && days <= 146_000)) return;
  throw notAllowed(String(days), "changeFeed.retentionInDays", "storageaccountchangefeed");
}

/**
 * What the blob service reads itself: "You can include up to five CorsRule elements in the request" (BlobServiceProperties), whose
 * age is no less than nothing, and the date of a version.
 */
function requireReadable(sent: JsonObject): void {
  const rules = objectAt(sent, "cors")["corsRules"];
  const cors: unknown[] = Array.isArray(rules) ? rules : [];
  const isAged = cors.every((rule) => !isObject(rule) || Number(rule["maxAgeInSeconds"]) >= 0);
  const version = sent["defaultServiceVersion"];
  const isDated = version === undefined || /^20\d\d-\d\d-\d\d$/.test(String(version));
  if (cors.length > 5 || !isAged || !isDated) throw wrongCors();
}

/**
 * Accounts whose versions are immutable keep versioning ("Enabling the feature auto-enables Blob Versioning",
 * ImmutableStorageAccount; the code is an assumption). Accounts with a hierarchical namespace have no versioning ("Blob Storage feature support in Azure Storage accounts").
 */
function requireVersioningFit(account: StorageAccount, sent: JsonObject): void {
  const isLocked = objectAt(account.properties, "immutableStorageWithVersioning")["enabled"] === true;
  if (isLocked && sent["isVersioningEnabled"] !== true) throw notAllowed("False", "isVersioningEnabled");
  if (sent["isVersioningEnabled"] !== true || account.properties["isHnsEnabled"] !== true) return;
  throw badRequest("FeatureNotSupportedForAccount", "Blob versioning is not supported for the account.");
}

function serviceView(request: ArmRequest, account: StorageAccount): JsonObject {
  return shown("blobService", request.apiVersion, {
    sku: account.sku,
    id: `${account.id}/blobServices/default`,
    name: "default",
    type: TYPE,
    properties: {
      cors: { corsRules: [] },
      deleteRetentionPolicy: { allowPermanentDelete: false, enabled: false },
      ...account.blobService,
    },
  });
}
