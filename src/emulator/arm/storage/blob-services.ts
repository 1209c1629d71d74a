/** The blob service of an account: soft delete, versioning and other settings of all its containers. */
import type { Reply } from "../../http/call.ts";
import { isObject, type JsonObject } from "../../json.ts";
import type { StorageAccount } from "../../world.ts";
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
  ["PUT", `${ALL}/default`, "write", "blobServices/set", setService],
]);

function listServices(request: ArmRequest): Reply {
  return { status: 200, body: { value: [serviceView(requireParentAccount(request))] } };
}

function getService(request: ArmRequest): Reply {
  return { status: 200, body: serviceView(requireParentAccount(request)) };
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
  requireVersioningFit(account, sent);
  account.blobService = sent;
  return { status: 200, body: serviceView(account) };
}

/** An enabled policy needs 1 to 365 days (BlobServiceProperties.tsp DeleteRetentionPolicy). */
function requireRetention(sent: JsonObject, name: string): void {
  const policy = sent[name];
  if (!isObject(policy) || policy["enabled"] !== true) return;
  const days = policy["days"];
  if (typeof days === "number" && Number.isInteger(days) && days >= 1 && days <= 365) return;
  throw badRequest("InvalidRequestPropertyValue", `The value of '${name}.days' must be between 1 and 365.`, name);
}

/**
 * Accounts with a hierarchical namespace have no versioning ("Blob Storage feature support in Azure Storage accounts").
 */
function requireVersioningFit(account: StorageAccount, sent: JsonObject): void {
  if (sent["isVersioningEnabled"] !== true || account.properties["isHnsEnabled"] !== true) return;
  throw badRequest("FeatureNotSupportedForAccount", "Blob versioning is not supported for the account.");
}

function serviceView(account: StorageAccount): JsonObject {
  return {
    sku: account.sku,
    id: `${account.id}/blobServices/default`,
    name: "default",
    type: TYPE,
    properties: {
      cors: { corsRules: [] },
      deleteRetentionPolicy: { allowPermanentDelete: false, enabled: false },
      ...account.blobService,
    },
  };
}
