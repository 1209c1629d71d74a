/**
 * Kinds of values that only the controller's settings have: names of Azure and Kubernetes, each with its form and its fix.
 */
import { pattern } from "./kinds.ts";
import type { Kind } from "./setting.ts";

/** A resource group, and the subscription that it is in. */
export interface ResourceGroupRef {
  readonly subscriptionId: string;
  readonly resourceGroup: string;
}

/** Resource group names: 1 to 90 letters, digits and `_ - . ( )`, no dot at the end (Azure resource name rules). */
export const resourceGroup = pattern(
  "NAME",
  /^[\p{L}\p{N}_().-]{0,89}[\p{L}\p{N}_()-]$/u,
  "is not a resource group's name; use 1 to 90 letters, digits, '_', '-', '.', '(' and ')', not ending in '.'",
);

/** Part of every name and tag in Azure. */
export const clusterId = pattern(
  "ID",
  /^[A-Za-z0-9._-]{1,63}$/,
  "is not a cluster id; use 1 to 63 letters, digits, '.', '_' and '-'",
);

/** CSI section "GetPluginInfo": domain name notation, at most 63 characters. */
export const driverName = pattern(
  "NAME",
  /^(?=.{1,63}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/,
  "is not a driver name; use at most 63 lower-case letters, digits, '-' and '.', as in a DNS name",
);

/** A driver's name, or an empty text that says something itself: none is looked at. */
export const nodeDriver: Kind<string> = {
  ...driverName,
  schema: { type: "string" },
  takesEmpty: true,
  parse: (texts) => ((texts[0] ?? "") === "" ? { value: "" } : driverName.parse(texts)),
};

/** A region by its short name. */
export const location = pattern(
  "REGION",
  /^[a-z0-9]{1,40}$/,
  'is not a region; write its short name, such as "westeurope"',
);

const GUID_SLASH_NAME = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\/(.+)$/i;

/** `subscriptionId/resourceGroup`. */
export const resourceGroupRef = {
  form: "value",
  placeholder: "SUBSCRIPTION/GROUP",
  schema: { type: "string" },
  parse(texts: readonly string[]) {
    const [, subscriptionId = "", name = ""] = GUID_SLASH_NAME.exec(texts[0] ?? "") ?? [];
    const parsed = resourceGroup.parse([name]);
    if (subscriptionId === "" || "wrong" in parsed) {
      return { wrong: "is not a resource group; write SUBSCRIPTION-GUID/NAME" };
    }
    return { value: { subscriptionId: subscriptionId.toLowerCase(), resourceGroup: parsed.value } };
  },
} as const;

/** Identities of a whole subscription, or of one resource group in it. */
export interface IdentityScope {
  readonly subscriptionId: string;
  readonly resourceGroup?: string;
}

const GUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** `subscriptionId` or `subscriptionId/resourceGroup`. */
export const identityScope = {
  form: "value",
  placeholder: "SUBSCRIPTION[/GROUP]",
  schema: { type: "string" },
  parse(texts: readonly string[]) {
    const text = texts[0] ?? "";
    if (GUID.test(text)) return { value: { subscriptionId: text.toLowerCase() } as IdentityScope };
    const parsed = resourceGroupRef.parse(texts);
    return "wrong" in parsed
      ? { wrong: "is not an identity scope; write SUBSCRIPTION-GUID or SUBSCRIPTION-GUID/NAME" }
      : { value: parsed.value as IdentityScope };
  },
} as const;

/** A subscription in another tenant, and the application or identity there that trusts the controller's ServiceAccount. */
export interface StorageTenant {
  readonly subscriptionId: string;
  readonly tenantId: string;
  readonly clientId: string;
}

/** `subscriptionId=tenantId/clientId`. */
export const storageTenant = {
  form: "value",
  placeholder: "SUBSCRIPTION=TENANT/CLIENT",
  schema: { type: "string" },
  parse(texts: readonly string[]) {
    const [subscriptionId = "", tenantId = "", clientId = "", ...rest] = (texts[0] ?? "").toLowerCase().split(/[=/]/);
    const isWhole = rest.length === 0 && [subscriptionId, tenantId, clientId].every((part) => GUID.test(part));
    return isWhole
      ? { value: { subscriptionId, tenantId, clientId } }
      : { wrong: "is not a storage tenant; write SUBSCRIPTION-GUID=TENANT-GUID/CLIENT-GUID" };
  },
} as const;

/** Kubernetes: namespace names are DNS labels. */
export const namespaceName = pattern(
  "NAME",
  /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
  "is not a namespace's name; use at most 63 lower-case letters, digits and '-'",
);

/** A cluster's issuer, as tokens carry it in `iss`. */
export const issuerUrl = pattern(
  "URL",
  /^https:\/\/[^\s?#]+$/,
  "is not an issuer; write its https URL exactly as tokens carry it",
);
