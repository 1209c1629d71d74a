/**
 * How the value of each used StorageClass parameter is read: one small reader for a kind of value, and one place that
 * names which parameter takes which. A fault names the parameter, the value and the fix.
 */
import { guid, hostName, location, resourceGroup, storageAccount } from "../text/azure-names.ts";
import { serviceAccount } from "../text/kubernetes-names.ts";
import { boolean, choice, type Parse, wholeNumber } from "../text/values.ts";
import { TAG_PREFIX } from "./formats/account-tags.ts";
import type { VolumeClass } from "./volume-class.ts";

/** What the parameters alone say, before the operator's defaults. */
export type Fields = Omit<VolumeClass, "subscriptionId" | "resourceGroup" | "location" | "tenantId"> & {
  readonly subscriptionId?: string;
  readonly resourceGroup?: string;
  readonly location?: string;
  readonly tenantId?: string;
};

/** The spellings that Azure uses; those of provisioned v2 accounts are for files only and not in it. */
const STANDARD_SKUS = [
  "Standard_LRS",
  "Standard_GRS",
  "Standard_RAGRS",
  "Standard_ZRS",
  "Standard_GZRS",
  "Standard_RAGZRS",
];
const PREMIUM_SKUS = ["Premium_LRS", "Premium_ZRS"];

/** A class may add this many tags: Azure allows 50 on a resource, and ours need room. */
const MAX_TAGS = 40;

/** Reads the used parameters (keys in lower case) and adds to `faults` what cannot be read. */
export function readFields(values: ReadonlyMap<string, string>, faults: string[]): Fields {
  const read = createReader(values, faults);
  const skuName = read("skuName", choice([...STANDARD_SKUS, ...PREMIUM_SKUS]));
  const skuAlias = read("storageAccountType", choice([...STANDARD_SKUS, ...PREMIUM_SKUS]));
  if (skuName !== undefined && skuAlias !== undefined && skuName !== skuAlias) {
    faults.push(`skuName "${skuName}" and storageAccountType "${skuAlias}" differ: keep one`);
  }
  const sku = skuName ?? skuAlias;
  const tiers = sku?.startsWith("Premium") ? ["Premium"] : ["Hot", "Cool", "Cold"];
  return dropAbsent({
    ...readPlace(read),
    skuName: sku,
    accessTier: read("accessTier", choice(tiers)),
    isHnsEnabled: read("isHnsEnabled", boolean),
    blobStorageAccountType: read("BlobStorageAccountType", choice(["block", "adls"])),
    publicNetworkAccess: read("publicNetworkAccess", choice(["Enabled", "Disabled", "SecuredByPerimeter"])),
    requireInfrastructureEncryption: read("requireInfraEncryption", boolean),
    softDeleteBlobsDays: read("softDeleteBlobs", wholeNumber(0, 365)),
    softDeleteContainersDays: read("softDeleteContainers", wholeNumber(0, 365)),
    tags: read("tags", tags(values.get("tagvaluedelimiter") || ",")) ?? {},
    storageAccount: read("storageAccount", storageAccount),
    ...readAccess(read),
    acceptsFileCache: read("acceptFileCache", boolean) ?? false,
    mount: readMount(read),
  });
}

function readAccess(read: Reader) {
  return dropAbsent({
    identity: read("identity", choice(["parameters", "serviceAccount"])) ?? "parameters",
    clientId: read("clientID", guid),
    tenantId: read("tenantID", guid),
    principalId: read("principalID", guid),
    defaultServiceAccount: read("defaultServiceAccount", serviceAccount),
    isolation: read("isolation", choice(["pool", "namespace", "volume"])) ?? "pool",
    poolSize: read("poolSize", wholeNumber(1, 64)) ?? 1,
    grantScope: read("grantScope", choice(["container", "account"])) ?? "container",
  });
}

function readPlace(read: Reader) {
  return dropAbsent({
    subscriptionId: read("subscriptionID", guid),
    resourceGroup: read("resourceGroup", resourceGroup),
    location: read("location", location),
  });
}

/** What goes to the node plugin as it is, under the plugin's own names (contract.md 1). */
function readMount(read: Reader): Record<string, string> {
  return dropAbsent({
    protocol: read("protocol", choice(["fuse2"])) ?? "fuse2",
    storageEndpointSuffix: read("storageEndpointSuffix", hostName),
    server: read("server", hostName),
  });
}

type Reader = <T>(name: string, parse: Parse<T>) => T | undefined;

/** An empty text counts as absent, as it does in blob.csi.azure.com. */
function createReader(values: ReadonlyMap<string, string>, faults: string[]): Reader {
  return (name, parse) => {
    const text = values.get(name.toLowerCase());
    if (text === undefined || (text === "" && name !== "clientID")) return undefined;
    const parsed = parse(text);
    if ("value" in parsed) return parsed.value;
    faults.push(`${name} "${text}" is not valid: ${parsed.fix}`);
    return undefined;
  };
}

function tags(delimiter: string): Parse<Record<string, string>> {
  return (text) => {
    const wrong = "does not list tags";
    const pairs = text
      .split(delimiter)
      .filter((part) => part.trim() !== "")
      .map((part) => ({ key: part.split("=", 1)[0]?.trim() ?? "", value: part.replace(/^[^=]*=?/, "").trim(), part }));
    if (pairs.length > MAX_TAGS) return { wrong, fix: `give at most ${MAX_TAGS} tags` };
    const fault = pairs.map(tagFault).find((fix) => fix !== undefined);
    if (fault !== undefined) return { wrong, fix: `${fault}; pairs are separated by "${delimiter}"` };
    const names = pairs.map(({ key }) => key.toLowerCase());
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) return { wrong, fix: `tag "${twice}" stands twice: keep one` };
    return { value: Object.fromEntries(pairs.map(({ key, value }) => [key, value])) };
  };
}

/** Limits of a storage account's tags (ARM: tag limitations). */
function tagFault({ key, value, part }: { key: string; value: string; part: string }): string | undefined {
  if (key === "" || !part.includes("=")) return "write pairs as key=value";
  if (key.length > 128 || value.length > 256) return "a tag's name has at most 128 characters, its value at most 256";
  if (/[<>%&\\?/]/.test(key)) return `tag "${key}": a name has none of the characters <>%&\\?/`;
  return key.toLowerCase().startsWith(TAG_PREFIX) ? `tag names that begin with "${TAG_PREFIX}" are ours` : undefined;
}

/** Absent stays absent: no key with the value undefined. */
function dropAbsent<T extends object>(fields: T): WithoutAbsent<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as WithoutAbsent<T>;
}

type WithoutAbsent<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};
