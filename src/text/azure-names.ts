/** How Azure and Entra write their ids and names, and the one spelling in which each is compared afterwards. */
import { type Parsed, pattern } from "./values.ts";

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const NIL = "00000000-0000-0000-0000-000000000000";

/** Whether the text is the GUID of zeros, which stands for a value that nobody has filled in. */
export function isNilGuid(text: string): boolean {
  return text === NIL;
}

/** What is said of it, wherever a GUID is read: Azure gives it to nothing. */
export const NIL_GUID = {
  wrong: "is a placeholder, the GUID of zeros",
  fix: "give the real one: `az account show` prints the ids of subscription and tenant, `az identity show` those of an identity",
} as const;

/** In lower case afterwards: Azure compares GUIDs without case, we compare texts. */
export function guid(text: string): Parsed<string> {
  if (isNilGuid(text)) return NIL_GUID;
  if (GUID.test(text)) return { value: text.toLowerCase() };
  return { wrong: "is not a GUID", fix: "give a GUID: 8-4-4-4-12 hexadecimal digits with dashes" };
}

/** The spelling stays: ARM ids carry it, and ARM compares without case. Source: ARM, naming rules for resource groups. */
export const resourceGroup = pattern(/^[\p{L}\p{N}._()-]{0,89}[\p{L}\p{N}_()-]$/u, {
  wrong: "is not the name of a resource group",
  fix: "give 1 to 90 letters, digits, '_', '-', '.', '(' and ')', not ending in '.'",
});

/** "West Europe" and "westeurope" are one region, and must give one account name. */
export function location(text: string): Parsed<string> {
  const value = text.toLowerCase().replaceAll(" ", "");
  if (/^[a-z0-9]{2,40}$/.test(value)) return { value };
  return { wrong: "is not a region", fix: "give an Azure region such as westeurope" };
}

/** Source: ARM, naming rules for storage accounts. */
export const storageAccount = pattern(/^[a-z0-9]{3,24}$/, {
  wrong: "is not the name of a storage account",
  fix: "give 3 to 24 lower-case letters and digits",
});

/** Source: "Naming and Referencing Containers, Blobs, and Metadata"; `$web`, `$root` and `$logs` hold no volume. */
export const containerName = pattern(/^(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*$/, {
  wrong: "is not the name of a container",
  fix: "give 3 to 63 lower-case letters, digits and single '-'",
});

/** A domain of at least two labels. */
export const hostName = pattern(
  /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+$/i,
  { wrong: "is not a host name", fix: "give a domain such as core.windows.net" },
);
