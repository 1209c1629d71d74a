/** PUT of a storage account: a new one is created asynchronously, an existing one is updated with what was sent. */
import type { Reply } from "../../../http/call.ts";
import type { JsonObject } from "../../../json.ts";
import type { StorageAccount } from "../../../world.ts";
import { accepted } from "../../front-door/async-operations.ts";
import { type ArmError, badRequest, conflict } from "../../front-door/errors.ts";
import { objectAt, stringAt } from "../../front-door/json.ts";
import { otherLocation, requireLocation } from "../../front-door/locations.ts";
import { resourceId } from "../../front-door/resource-ids.ts";
import { readTags, STORAGE_TAGS } from "../../front-door/tags.ts";
import type { ArmRequest } from "../../provider.ts";
import { changeAccount, extrasOf } from "./change.ts";
import { findAccount, operationInProgress } from "./find.ts";
import { readIdentity, requireImmutability } from "./property-rules.ts";
import {
  readProperties,
  refuseStatedTier,
  requireAccessTier,
  requireNamespaceFit,
  requireProtocolFit,
  requireSku,
  requireWholeEncryption,
  skuTier,
  withDefaults,
} from "./rules.ts";
import { accountView } from "./view.ts";

/**
 * 202 with Location and Retry-After for a new account (also when it takes no time), 200 with the account for one that
 * exists in the same resource group, 409 when the name belongs to another group, subscription or region.
 */
export function createOrUpdateAccount(request: ArmRequest): Reply {
  const name = request.params["account"] ?? "";
  requireAccountName(name);
  const location = requireLocation(stringAt(request.body, "location"));
  const existing = request.services.world.accounts.get(name);
  if (existing !== undefined) return update(request, existing, location);
  const account = newAccount(request, name, location);
  requireRoom(request, location);
  request.services.world.accounts.set(name, account);
  const id = request.operations.begin({ resource: name, doneAt: account.readyAt });
  return accepted(request, operationUrl(request, account, id), account.readyAt);
}

/** Throws 400 unless the name is 3 to 24 lower-case letters and digits. */
function requireAccountName(name: string): void {
  if (isAccountName(name)) return;
  throw badRequest("AccountNameInvalid", accountNameInvalidText(name));
}

/** 3 to 24 lower-case letters and digits. */
export function isAccountName(name: string): boolean {
  return /^[a-z0-9]{3,24}$/.test(name);
}

/** Azure's message for an invalid name. */
export function accountNameInvalidText(name: string): string {
  return (
    `${name} is not a valid storage account name. Storage account name must be between 3 and 24 characters in length ` +
    "and use numbers and lower-case letters only."
  );
}

function update(request: ArmRequest, existing: StorageAccount, location: string): Reply {
  if (findAccount(request) === undefined) throw nameTaken(request, existing);
  if (location !== existing.location) throw otherLocation(existing, location);
  if (request.services.clock.now() < existing.readyAt) throw operationInProgress();
  if (existing.stuckIn === "Deleting" || existing.stuckIn === "ResolvingDNS") throw operationInProgress();
  changeAccount(existing, request.body);
  delete existing.stuckIn;
  return { status: 200, body: accountView(request, existing) };
}

function nameTaken(request: ArmRequest, existing: StorageAccount): ArmError {
  const { name } = existing;
  if (existing.subscriptionId.toLowerCase() === request.params["subscriptionId"]?.toLowerCase()) {
    return conflict(
      "StorageAccountInAnotherResourceGroup",
      `The account ${name} is already in another resource group in this subscription.`,
    );
  }
  return conflict("StorageAccountAlreadyTaken", `The storage account named ${name} is already taken.`);
}

function newAccount(request: ArmRequest, name: string, location: string): StorageAccount {
  const { body, params, services } = request;
  const kind = stringAt(body, "kind");
  const sku = stringAt(objectAt(body, "sku"), "name");
  if (sku === undefined) throw required("sku");
  if (kind === undefined) throw required("kind");
  requireSku(kind, sku);
  const { subscriptionId = "", resourceGroup = "" } = params;
  const createdAt = services.clock.now();
  const sent = readProperties(body);
  const identity = readIdentity(body);
  requireImmutability(sent);
  requireAccessTier(kind, sent);
  requireNamespaceFit(kind, sku, sent);
  requireProtocolFit(sent);
  if (services.settings.encryptionNeedsServices) requireWholeEncryption(sent);
  if (services.settings.premiumTierRefused) refuseStatedTier(kind, sent);
  const properties = withDefaults(sent, kind, createdAt);
  return {
    id: resourceId(subscriptionId, resourceGroup, "Microsoft.Storage/storageAccounts", name),
    name,
    subscriptionId,
    resourceGroup,
    location,
    kind,
    sku: { name: sku, tier: skuTier(sku) },
    tags: readTags(body, STORAGE_TAGS) ?? {},
    ...(identity === undefined ? {} : { identity }),
    extras: extrasOf(body, ["zones", "placement", "extendedLocation"]),
    properties,
    blobService: firstBlobService(properties),
    createdAt,
    readyAt: createdAt + services.settings.accountCreationMs,
  };
}

/** "Enabling the feature auto-enables Blob Versioning" (ImmutableStorageAccount). */
function firstBlobService(properties: JsonObject): JsonObject {
  const isImmutable = objectAt(properties, "immutableStorageWithVersioning")["enabled"] === true;
  return isImmutable ? { isVersioningEnabled: true } : {};
}

function required(name: string): ArmError {
  return badRequest(
    "InvalidRequestContent",
    `The request content was invalid: the property '${name}' is required.`,
    name,
  );
}

function requireRoom(request: ArmRequest, location: string): void {
  const { accountsPerRegion } = request.services.settings;
  const subscriptionId = request.params["subscriptionId"] ?? "";
  const accounts = [...request.services.world.accounts.values()].filter(
    (account) => account.location === location && account.subscriptionId.toLowerCase() === subscriptionId.toLowerCase(),
  );
  if (accounts.length < accountsPerRegion) return;
  throw conflict(
    "MaxStorageAccountsCountPerSubscriptionExceeded",
    `Subscription ${subscriptionId} already contains ${accounts.length} storage accounts in location ${location} and the ` +
      `maximum allowed is ${accountsPerRegion}.`,
  );
}

function operationUrl({ call, apiVersion }: ArmRequest, account: StorageAccount, id: string): URL {
  const provider = `/subscriptions/${account.subscriptionId}/providers/Microsoft.Storage`;
  const url = new URL(`${provider}/locations/${account.location}/asyncoperations/${id}`, call.origin);
  url.searchParams.set("monitor", "true");
  url.searchParams.set("api-version", apiVersion);
  return url;
}
