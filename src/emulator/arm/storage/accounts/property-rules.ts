/** What single properties of an account may say, beyond their type. */
import { isObject, type JsonObject } from "../../../json.ts";
import { invalidValues, notAllowed } from "../../bodies/refusals.ts";
import { badRequest } from "../../front-door/errors.ts";
import { objectAt } from "../../front-door/json.ts";
import { requireNetworkRules } from "./network-rules.ts";

/** Throws 400 for a property that was sent with a value that no account can have. */
export function requireProperties(sent: JsonObject): void {
  requireFeatures(sent);
  requirePolicies(sent);
  requireNetworkRules(objectAt(sent, "networkAcls"));
  requireCustomerKey(sent);
  requireNoDomain(sent);
}

/** TLS 1.3 as a minimum is in the enumeration only (azure-cli#30022); DNS zone endpoints were a preview, and are being retired. */
function requireFeatures(sent: JsonObject): void {
  if (sent["minimumTlsVersion"] === "TLS1_3") throw unsupported("MinimumTlsVersion 1.3");
  if (sent["dnsEndpointType"] === "AzureDnsZone") throw unsupported("AzureDnsZone");
}

function unsupported(feature: string) {
  return badRequest("FeatureNotSupported", `Feature ${feature} is not supported.`);
}

/**
 * A period is `days.hours:minutes:seconds` (SasPolicy), longer than nothing. Days of the key policy count from 1: ASO's tests have
 * Azure's refusal of -260.
 */
function requirePolicies(sent: JsonObject): void {
  const period = objectAt(sent, "sasPolicy")["sasExpirationPeriod"];
  if (period !== undefined && !isPeriod(String(period))) throw invalidValues("sasPolicy.sasExpirationPeriod");
  const days = objectAt(sent, "keyPolicy")["keyExpirationPeriodInDays"];
  if (typeof days === "number" && days < 1) throw invalidValues("keyPolicy.keyExpirationPeriodInDays");
}

function isPeriod(text: string): boolean {
  return /^(?:\d{1,7}\.)?(?:[01]?\d|2[0-3]):[0-5]\d:[0-5]\d$/.test(text) && /[1-9]/.test(text);
}

/** A key of the customer's own needs to be named ("KeyVaultProperties"; srp_error_codes_create_storage_account). */
function requireCustomerKey(sent: JsonObject): void {
  const encryption = objectAt(sent, "encryption");
  if (encryption["keySource"] !== "Microsoft.Keyvault") return;
  const { keyname, keyvaulturi } = objectAt(encryption, "keyvaultproperties");
  if (typeof keyname !== "string" || keyname === "") throw invalidValues("encryption.keyvaultproperties.keyname");
  if (typeof keyvaulturi === "string" && /^https:\/\/[^/]+\/?$/.test(keyvaulturi)) return;
  throw invalidValues("encryption.keyvaultproperties.keyvaulturi");
}

/** Azure looks for the CNAME record, which no name has for an account of the emulator. */
function requireNoDomain(sent: JsonObject): void {
  const name = objectAt(sent, "customDomain")["name"];
  if (typeof name !== "string" || name === "") return;
  throw badRequest("StorageDomainNameCouldNotVerify", `The custom domain name could not be verified: ${name}.`);
}

/**
 * Throws 400 for the policy of a new account that leaves a member out, or begins locked. Both answers are recorded in
 * azure-cli's test_storage_account_with_alw.
 */
export function requireImmutability(sent: JsonObject): void {
  const policy = objectAt(sent, "immutableStorageWithVersioning")["immutabilityPolicy"];
  if (!isObject(policy)) return;
  if (policy["state"] === undefined || policy["immutabilityPeriodSinceCreationInDays"] === undefined) {
    const missing = "immutabilityPolicy.state, immutabilityPolicy.immutabilityPeriodSinceCreationInDays";
    throw invalidImmutability(`The required property ${missing} is missing.`);
  }
  if (policy["state"] !== "Locked") return;
  throw invalidImmutability(
    'Storage account immutability policy state can be set to "Unlocked, Disabled". Note that the immutability state can ' +
      "either be Disabled or Unlocked during account creation.",
  );
}

function invalidImmutability(message: string) {
  return badRequest("InvalidStorageAccountImmutabilityPolicy", message);
}

/** Throws 400 for large file shares that are turned off once on (LargeFileSharesState; terraform-provider-azurerm has the text). */
export function requireLargeSharesKept(before: JsonObject, sent: JsonObject): void {
  if (before["largeFileSharesState"] !== "Enabled" || sent["largeFileSharesState"] !== "Disabled") return;
  throw notAllowed("Disabled", "largeFileSharesState", "storageaccountlargefilesharestate");
}

/**
 * The identity that a body gives an account, undefined for none. Null takes a user-assigned identity away. Throws 400 for a key
 * that is no id of one (ARM's linked ids), and for user-assigned ones of which there is none (MissingIdentityIds, as az shows it
 * of a search service); those of before stay where none is named.
 */
export function readIdentity(body: JsonObject, before: JsonObject = {}): JsonObject | undefined {
  const { identity } = body;
  if (!isObject(identity)) return undefined;
  const named = Object.entries(objectAt(identity, "userAssignedIdentities"));
  const wrong = named.find(([id]) => !IDENTITY.test(id))?.[0];
  const kept = Object.fromEntries(named.filter(([, value]) => value !== null));
  if (wrong === undefined) return identityOf(identity, named.length === 0 ? before["userAssignedIdentities"] : kept);
  throw badRequest(
    "LinkedInvalidPropertyId",
    `Property id '${wrong}' at path 'identity.userAssignedIdentities' is invalid. Expect fully qualified resource Id that ` +
      "start with '/subscriptions/{subscriptionId}' or '/providers/{resourceProviderNamespace}/'.",
  );
}

function identityOf(identity: JsonObject, assigned: unknown): JsonObject {
  const isAssigned = String(identity["type"]).includes("UserAssigned");
  const named = isObject(assigned) ? assigned : {};
  if (!isAssigned) return "userAssignedIdentities" in identity ? { ...identity, userAssignedIdentities: {} } : identity;
  if (Object.keys(named).length > 0) return { ...identity, userAssignedIdentities: named };
  throw badRequest(
    "MissingIdentityIds",
    `The identity ids must not be null or empty for '${String(identity["type"])}' identity type.`,
  );
}

const IDENTITY =
  /^\/subscriptions\/[0-9a-f-]{36}\/resourceGroups\/[^/]+\/providers\/Microsoft\.ManagedIdentity\/userAssignedIdentities\/[^/]+$/i;
