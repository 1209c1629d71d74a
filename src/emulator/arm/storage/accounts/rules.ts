/** Kinds, SKUs and tiers that an account can have, and the properties that are fixed at creation. */

import { isObject, type JsonObject } from "../../../json.ts";
import type { StorageAccount } from "../../../world.ts";
import { invalidSku, invalidValues, notAllowed } from "../../bodies/refusals.ts";
import { badRequest } from "../../front-door/errors.ts";
import { booleanAt, objectAt, stringAt } from "../../front-door/json.ts";
import { requireLargeSharesKept, requireProperties } from "./property-rules.ts";

/** The SKUs of each kind (storage-account-overview; SPECS models.tsp SkuName). */
export const SKUS: Readonly<Record<string, readonly string[]>> = {
  StorageV2: [
    "Standard_LRS",
    "Standard_GRS",
    "Standard_RAGRS",
    "Standard_ZRS",
    "Standard_GZRS",
    "Standard_RAGZRS",
    "Premium_LRS",
    "Premium_ZRS",
  ],
  Storage: ["Standard_LRS", "Standard_GRS", "Standard_RAGRS", "Standard_ZRS", "Premium_LRS"],
  BlobStorage: ["Standard_LRS", "Standard_GRS", "Standard_RAGRS"],
  BlockBlobStorage: ["Premium_LRS", "Premium_ZRS"],
  FileStorage: [
    "Premium_LRS",
    "Premium_ZRS",
    "StandardV2_LRS",
    "StandardV2_GRS",
    "StandardV2_ZRS",
    "StandardV2_GZRS",
    "PremiumV2_LRS",
    "PremiumV2_ZRS",
  ],
};

/** Set at creation, never changed by an update (StorageAccount.tsp: `@visibility(Create, Read)`). */
const FIXED = ["isHnsEnabled", "isNfsV3Enabled", "dnsEndpointType", "immutableStorageWithVersioning"];

/**
 * Throws 400 for a kind that Azure does not have, or a SKU that the kind cannot have, in Azure's words
 * (terraform-provider-azurerm#8089).
 */
export function requireSku(kind: string, sku: string): void {
  const allowed = SKUS[kind];
  if (allowed === undefined) throw notAllowed(kind, "kind");
  if (allowed.includes(sku)) return;
  if (!Object.values(SKUS).some((names) => names.includes(sku))) throw invalidSku(sku);
  throw invalidValues("kind, sku", " For more information, see - https://aka.ms/storageaccounttypes");
}

/** Throws 400 for an access tier that accounts of the kind do not have. */
export function requireAccessTier(kind: string, properties: JsonObject): void {
  const tier = stringAt(properties, "accessTier");
  const isTiered = kind === "StorageV2" || kind === "BlobStorage";
  if (tier === undefined && kind !== "BlobStorage") return;
  if (tier !== undefined && (isTiered ? ["Hot", "Cool", "Cold", "Smart"] : ["Premium"]).includes(tier)) return;
  throw badRequest("InvalidAccessTier", `The access tier '${tier ?? ""}' is not allowed for account kind ${kind}.`);
}

/** Throws 400 for the tier of an account that has one tier only. */
export function refuseStatedTier(kind: string, properties: JsonObject): void {
  const tier = stringAt(properties, "accessTier");
  if (kind !== "BlockBlobStorage" || tier === undefined) return;
  throw badRequest("InvalidAccessTier", `The access tier '${tier}' is not allowed for account kind ${kind}.`);
}

/** Throws 400 for a hierarchical namespace in an account that cannot have one, as Azure words it (azure-cli#25748). */
export function requireNamespaceFit(kind: string, sku: string, properties: JsonObject): void {
  if (properties["isHnsEnabled"] !== true) return;
  if (kind === "BlockBlobStorage" || (kind === "StorageV2" && skuTier(sku) === "Standard")) return;
  throw badRequest(
    "InvalidRequestPropertyValue",
    "The value 'True' is not allowed for property isHnsEnabled. For more information, see - https://aka.ms/storageaccounthns",
    "isHnsEnabled",
  );
}

/**
 * Throws 400 for a protocol that needs a hierarchical namespace in an account without one, as Azure words it for SFTP
 * (azure-docs#84233). NFSv3: "NFS 3.0 known issues" says the same; that its refusal reads alike is an assumption.
 */
export function requireProtocolFit(properties: JsonObject): void {
  if (properties["isHnsEnabled"] === true) return;
  for (const name of ["isSftpEnabled", "isNfsV3Enabled"]) {
    if (properties[name] === true) throw notAllowed("True", name);
  }
}

/** Throws 400 for an encryption that does not say of any service that it is encrypted, or where the key is from. */
export function requireWholeEncryption({ encryption }: JsonObject): void {
  if (!isObject(encryption)) return;
  if (!isObject(encryption["services"])) {
    throw badRequest("MissingEncryptionService", "At least one encryption service must be specified.", "encryption");
  }
  if (encryption["keySource"] !== undefined) return;
  throw badRequest("MissingEncryptionKeySource", "The encryption key source must be specified.", "encryption");
}

/** `Standard` or `Premium`. */
export function skuTier(sku: string): string {
  return sku.startsWith("Premium") ? "Premium" : "Standard";
}

/** The properties of a request, checked by themselves. */
export function readProperties(body: JsonObject): JsonObject {
  const sent = objectAt(body, "properties");
  requireProperties(sent);
  return sent;
}

/** The defaults of a new account (REST reference of Storage Accounts - Create). */
export function withDefaults(properties: JsonObject, kind: string, createdAt: number): JsonObject {
  return {
    minimumTlsVersion: "TLS1_0",
    allowBlobPublicAccess: false,
    allowCrossTenantReplication: false,
    supportsHttpsTrafficOnly: true,
    ...(kind === "StorageV2" || kind === "BlobStorage" ? { accessTier: "Hot" } : {}),
    ...properties,
    networkAcls: networkAcls(objectAt(properties, "networkAcls")),
    encryption: encryption(objectAt(properties, "encryption"), createdAt),
  };
}

/** The properties after an update: sent members replace, the others stay. Throws for fixed ones. */
export function mergeProperties(account: StorageAccount, sent: JsonObject): JsonObject {
  const before: JsonObject = account.properties;
  for (const name of FIXED) {
    if (sent[name] === undefined) continue;
    // Even the default is refused when creation did not send it (azure-rest-api-specs#18441).
    if (JSON.stringify(sent[name]) !== JSON.stringify(before[name])) throw cannotBeUpdated(name);
  }
  requireLargeSharesKept(before, sent);
  const sentEncryption = objectAt(sent, "encryption");
  const infrastructure = booleanAt(sentEncryption, "requireInfrastructureEncryption");
  const wasInfrastructure = booleanAt(objectAt(before, "encryption"), "requireInfrastructureEncryption") ?? false;
  if (infrastructure !== undefined && infrastructure !== wasInfrastructure) {
    throw cannotBeUpdated("encryption.requireInfrastructureEncryption");
  }
  const merged: JsonObject = { ...before, ...sent };
  if (isObject(sent["networkAcls"])) {
    merged["networkAcls"] = networkAcls({ ...objectAt(before, "networkAcls"), ...sent["networkAcls"] });
  }
  if (isObject(sent["encryption"])) {
    merged["encryption"] = encryption({ ...objectAt(before, "encryption"), ...sentEncryption }, account.createdAt);
  }
  return merged;
}

/** 400 with Azure's text for a property that only creation can set. */
export function cannotBeUpdated(name: string) {
  return badRequest(
    "AccountPropertyCannotBeUpdated",
    `The property '${name}' was specified in the input, but it cannot be updated as it is read-only. ` +
      "For more information, see - https://aka.ms/storageaccountupdate",
    name,
  );
}

function networkAcls(sent: JsonObject): JsonObject {
  const bypass = "AzureServices";
  return { bypass, virtualNetworkRules: [], ipRules: [], ipv6Rules: [], defaultAction: "Allow", ...sent };
}

/** What is sent of a service, as `az` sends `blob: {}`, is completed (azure-cli's recorded tests of accounts). */
function encryption(sent: JsonObject, createdAt: number): JsonObject {
  const services = objectAt(sent, "services");
  const enabled = { keyType: "Account", enabled: true, lastEnabledTime: new Date(createdAt).toISOString() };
  return {
    keySource: "Microsoft.Storage",
    ...sent,
    services: Object.fromEntries(
      ["file", "blob", ...Object.keys(services)].map((name) => [name, { ...enabled, ...objectAt(services, name) }]),
    ),
  };
}
