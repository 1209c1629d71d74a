/** Rules over several StorageClass parameters: what is missing, what contradicts, what would open one tenant to another. */
import type { Fields } from "./parameter-values.ts";
import type { Settings } from "./ports.ts";

/** Parameters that shape an account, which has no effect on one that the administrator has made. */
const SHAPING = [
  "skuName",
  "storageAccountType",
  "accessTier",
  "tags",
  "publicNetworkAccess",
  "requireInfraEncryption",
  "softDeleteBlobs",
  "softDeleteContainers",
  "poolSize",
  "isolation",
];

/** Every fault, each with its fix. `values` has the used parameters by their names in lower case. */
export function contradictions(values: ReadonlyMap<string, string>, fields: Fields, settings: Settings): string[] {
  return [
    ...identityFaults(values, fields),
    ...isolationFaults(values, fields, settings),
    ...existingAccountFaults(values, fields),
    ...accountTypeFaults(fields),
  ];
}

/** An account that the class only names is looked at later: `account-choice.ts`. */
function accountTypeFaults({ blobStorageAccountType: type, isHnsEnabled, storageAccount }: Fields): string[] {
  const isKnown = storageAccount === undefined || isHnsEnabled !== undefined;
  if (type === undefined || !isKnown || (type === "adls") === (isHnsEnabled ?? false)) return [];
  const fix = type === "adls" ? 'isHnsEnabled: "true"' : 'isHnsEnabled: "false"';
  return [`BlobStorageAccountType "${type}" contradicts isHnsEnabled: remove it, or set ${fix}`];
}

function identityFaults(values: ReadonlyMap<string, string>, { identity }: Fields): string[] {
  if (identity === "parameters") {
    const faults = values.has("clientid")
      ? []
      : ["clientID is missing: set it to the client id of the identity that opens the volumes of this class"];
    if (values.has("defaultserviceaccount")) {
      faults.push('defaultServiceAccount has no meaning with identity "parameters": remove it');
    }
    return faults;
  }
  return ["clientID", "tenantID", "principalID"]
    .filter((name) => values.has(name.toLowerCase()))
    .map(
      (name) => `${name} has no meaning with identity "serviceAccount", where the ServiceAccount names it: remove it`,
    );
}

function isolationFaults(values: ReadonlyMap<string, string>, fields: Fields, settings: Settings): string[] {
  const faults: string[] = [];
  const { isolation, grantScope } = fields;
  if (isolation === "volume" && values.has("poolsize")) {
    faults.push(`poolSize "${values.get("poolsize")}" has no meaning with isolation "volume": remove one of them`);
  }
  if (isolation === "volume" && (fields.softDeleteContainersDays ?? 0) > 0) {
    faults.push(
      'softDeleteContainers keeps nothing with isolation "volume", whose account goes with the volume: remove one of them',
    );
  }
  if (isolation === "pool" && grantScope === "account") {
    faults.push(
      'grantScope "account" would open the containers of other tenants: use isolation "namespace" or "volume"',
    );
  }
  if (grantScope === "account" && settings.retainsOnDelete) {
    faults.push(
      'grantScope "account" cannot take the access to one volume away, as --on-delete=retain asks: use "container"',
    );
  }
  return faults;
}

function existingAccountFaults(values: ReadonlyMap<string, string>, { storageAccount }: Fields): string[] {
  if (storageAccount === undefined) return [];
  return SHAPING.filter((name) => values.has(name.toLowerCase())).map(
    (name) =>
      `${name} has no effect on storageAccount "${storageAccount}", whose properties are never written: remove it`,
  );
}
