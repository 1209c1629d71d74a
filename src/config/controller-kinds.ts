/** Kinds of values that only the controller's settings have: names of Azure and Kubernetes, and pairs of them. */
import * as azure from "../text/azure-names.ts";
import * as kubernetes from "../text/kubernetes-names.ts";
import { accepts, pattern as patternOf } from "../text/values.ts";
import { pattern, value } from "./kinds.ts";
import type { Kind } from "./setting.ts";

/** A resource group, and the subscription that it is in. */
export interface ResourceGroupRef {
  readonly subscriptionId: string;
  readonly resourceGroup: string;
}

export const resourceGroup = pattern("NAME", azure.resourceGroup);

const clusterIdText = patternOf(/^[A-Za-z0-9._-]{1,63}$/, {
  wrong: "is not a cluster id",
  fix: "use 1 to 63 letters, digits, '.', '_' and '-'",
});

/** What the manifests of version 0.1 shipped: many clusters have it, so that each would compute the others' names. */
const SHIPPED_ID = "my-cluster";

/** A part of every name and tag in Azure. */
export const clusterId: Kind<string> = value("ID", { type: "string", pattern: clusterIdText.pattern.source }, (text) =>
  text === SHIPPED_ID
    ? {
        wrong: "is the example of version 0.1, which other clusters have too",
        fix:
          "choose an id that no other cluster of the subscription has, such as the cluster's name with its region, " +
          `and give volumes made under this one to it with --also-owns=${SHIPPED_ID}`,
      }
    : clusterIdText(text),
);

/** A cluster whose volumes are taken over. */
export interface ClusterIdentity {
  readonly clusterId: string;
  /** UID of its namespace kube-system, in lower case. Absent: what carries no mark under that id. */
  readonly clusterUid?: string;
}

/** `ID` or `ID/UID`. */
export const clusterIdentity: Kind<ClusterIdentity> = value<ClusterIdentity>("ID[/UID]", { type: "string" }, (text) => {
  const [id = "", ...rest] = text.split("/");
  const uid = rest.join("/");
  const isUid = accepts(azure.guid, uid);
  if (accepts(clusterIdText, id) && rest.length === 0) return { value: { clusterId: id } };
  if (accepts(clusterIdText, id) && isUid) return { value: { clusterId: id, clusterUid: uid.toLowerCase() } };
  return {
    wrong: "is not a cluster",
    fix: "write ID, or ID/UID with the UID of that cluster's namespace kube-system, which its accounts are tagged with",
  };
});

export const driverName = pattern("NAME", kubernetes.driverName);

/** A driver's name, or an empty text, which is a value too: no CSIDriver object is read. */
export const nodeDriver: Kind<string> = {
  ...driverName,
  schema: { type: "string" },
  takesEmpty: true,
  parse: (texts) => ((texts[0] ?? "") === "" ? { value: "" } : driverName.parse(texts)),
};

const rolePrefixText = patternOf(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$/, {
  wrong: "is not a prefix for the names of roles",
  fix: "use 1 to 64 letters, digits, '.', '_' and '-', or nothing for the roles of versions without prefixes",
});

/** Or an empty text, which is a value too. */
export const rolePrefix: Kind<string> = {
  ...pattern("PREFIX", rolePrefixText),
  schema: { type: "string", maxLength: 64 },
  takesEmpty: true,
  parse: (texts) => ((texts[0] ?? "") === "" ? { value: "" } : rolePrefixText(texts[0] ?? "")),
};

/** A region by its short name or its display name. */
export const location = value("REGION", { type: "string", pattern: "^[A-Za-z0-9 ]+$" }, azure.location);

/** `subscriptionId/resourceGroup`. */
export const resourceGroupRef: Kind<ResourceGroupRef> = value("SUBSCRIPTION/GROUP", { type: "string" }, (text) => {
  const [subscriptionId = "", ...rest] = text.split("/");
  const name = rest.join("/");
  if (azure.isNilGuid(subscriptionId)) return azure.NIL_GUID;
  return accepts(azure.guid, subscriptionId) && accepts(azure.resourceGroup, name)
    ? { value: { subscriptionId: subscriptionId.toLowerCase(), resourceGroup: name } }
    : { wrong: "is not a resource group", fix: "write SUBSCRIPTION-GUID/NAME" };
});

/** Identities of a whole subscription, or of one resource group in it. */
export interface IdentityScope {
  readonly subscriptionId: string;
  readonly resourceGroup?: string;
}

/** `subscriptionId` or `subscriptionId/resourceGroup`. */
export const identityScope: Kind<IdentityScope> = value<IdentityScope>(
  "SUBSCRIPTION[/GROUP]",
  { type: "string" },
  (text) => {
    if (accepts(azure.guid, text)) return { value: { subscriptionId: text.toLowerCase() } };
    const parsed = resourceGroupRef.parse([text]);
    if ("value" in parsed) return parsed;
    if (azure.isNilGuid(text.split("/")[0] ?? "")) return azure.NIL_GUID;
    return { wrong: "is not an identity scope", fix: "write SUBSCRIPTION-GUID or SUBSCRIPTION-GUID/NAME" };
  },
);

/** A subscription in another tenant, and the application or identity there that trusts the controller's ServiceAccount. */
export interface StorageTenant {
  readonly subscriptionId: string;
  readonly tenantId: string;
  readonly clientId: string;
}

/** `subscriptionId=tenantId/clientId`. */
export const storageTenant: Kind<StorageTenant> = value("SUBSCRIPTION=TENANT/CLIENT", { type: "string" }, (text) => {
  const [subscriptionId = "", tenantId = "", clientId = "", ...rest] = text.toLowerCase().split(/[=/]/);
  if ([subscriptionId, tenantId, clientId].some(azure.isNilGuid)) return azure.NIL_GUID;
  const isWhole = rest.length === 0 && [subscriptionId, tenantId, clientId].every((part) => accepts(azure.guid, part));
  return isWhole
    ? { value: { subscriptionId, tenantId, clientId } }
    : { wrong: "is not a storage tenant", fix: "write SUBSCRIPTION-GUID=TENANT-GUID/CLIENT-GUID" };
});

/** Azure allows 600 characters, compared byte for byte (Entra, "Important considerations ... for federated identity credentials"). */
export const tokenAudience = pattern(
  "AUDIENCE",
  patternOf(/^[!-~]{1,600}$/, {
    wrong: "is not an audience",
    fix: "write it as in the federated credentials, without spaces",
  }),
);

export const namespaceName = pattern("NAME", kubernetes.namespace);

export const issuerUrl = pattern("URL", kubernetes.issuerUrl);
