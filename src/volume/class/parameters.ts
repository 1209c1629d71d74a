/**
 * The StorageClass parameters that mean the same whatever stores the volume. A backend's table holds these rows and its own.
 * A parameter is read after those that stand before it.
 */
import { guid, location, resourceGroup, storageAccount } from "../../text/azure-names.ts";
import { serviceAccount } from "../../text/kubernetes-names.ts";
import { boolean, choice, wholeNumber } from "../../text/values.ts";
import { CLUSTER_TAG, TAG_PREFIX } from "../formats/account-tags.ts";
import { tenantOf } from "../settings.ts";
import { OURS, type ParameterRow, UPSTREAM } from "./parameter-row.ts";
import { OWN_NETWORK, REFUSED_PARAMETERS } from "./refused-parameters.ts";
import { readTags } from "./tags.ts";

const PLACEMENT = [
  {
    name: "subscriptionID",
    origin: UPSTREAM,
    effect: "placement",
    field: "subscriptionId",
    kind: guid,
    isCaseInsensitive: true,
    default: ({ subscriptionId }) => subscriptionId,
    summary:
      "Subscription of the account: the controller's own, or one of `--allowed-resource-groups`. A class that states it does not go on in `--overflow`.",
  },
  {
    name: "resourceGroup",
    origin: UPSTREAM,
    effect: "placement",
    field: "resourceGroup",
    kind: resourceGroup,
    isCaseInsensitive: true,
    default: (settings) => settings.resourceGroup,
    summary:
      "Resource group of the account: the controller's own, or one of `--allowed-resource-groups`. A class that states it does not go on in `--overflow`.",
  },
  {
    name: "location",
    origin: UPSTREAM,
    effect: "placement",
    field: "location",
    kind: location,
    default: (settings) => settings.location,
    summary: "Azure region of the account. Default: the controller's `--location`.",
  },
  {
    name: "storageAccount",
    origin: UPSTREAM,
    effect: "placement",
    field: "storageAccount",
    kind: storageAccount,
    summary: `An account that the administrator has made keyless and tagged \`${CLUSTER_TAG}=<cluster id>\`. Default: the controller creates one.`,
  },
] as const satisfies readonly ParameterRow[];

const ACCOUNT = [
  {
    name: "tagValueDelimiter",
    origin: UPSTREAM,
    effect: "syntax",
    field: "tagValueDelimiter",
    kind: (text: string) => ({ value: text }),
    summary: "What separates the pairs in `tags`. Default: a comma.",
  },
  {
    name: "tags",
    origin: UPSTREAM,
    effect: "account",
    field: "tags",
    kind: readTags,
    default: () => ({}),
    summary: `Tags of the account, \`key=value,key=value\`. Names that begin with \`${TAG_PREFIX}\` are reserved.`,
  },
  {
    name: "publicNetworkAccess",
    origin: UPSTREAM,
    effect: "account",
    field: "publicNetworkAccess",
    kind: choice(["Enabled", "Disabled", "SecuredByPerimeter"]),
    summary: "`Enabled`, `Disabled` or `SecuredByPerimeter`. Default: Azure's.",
  },
  {
    name: "requireInfraEncryption",
    origin: UPSTREAM,
    effect: "account",
    field: "requireInfrastructureEncryption",
    kind: boolean,
    summary: "`true` encrypts the account's data a second time, with platform keys.",
  },
  {
    name: "sasExpirationAction",
    origin: OURS,
    effect: "account",
    field: "sasExpirationAction",
    kind: choice(["Log", "Block"]),
    summary:
      "What the account does with a shared access signature that is valid for more than 7 days or states no start: `Log` (default) or " +
      "`Block`. Workloads can only make user delegation SAS.",
  },
  {
    name: "isolation",
    origin: OURS,
    effect: "sharing",
    field: "isolation",
    kind: choice(["pool", "namespace", "volume"]),
    default: () => "pool",
    summary:
      "`pool` (default): volumes of the class share accounts. `namespace`: those of a namespace do. `volume`: each has an account of its own, deleted with it.",
  },
  {
    name: "poolSize",
    origin: OURS,
    effect: "spread",
    field: "poolSize",
    kind: wholeNumber(1, 64),
    default: () => 1,
    summary: "How many accounts a pool or a namespace spreads over, 1 (default) to 64.",
  },
] as const satisfies readonly ParameterRow[];

const IDENTITY = [
  {
    name: "identity",
    origin: OURS,
    effect: "identity",
    field: "identity",
    kind: choice(["parameters", "serviceAccount"]),
    default: () => "parameters",
    summary:
      "`parameters` (default): the class names the identity. `serviceAccount`: the identity of the claim's ServiceAccount.",
  },
  {
    name: "defaultServiceAccount",
    origin: OURS,
    effect: "identity",
    field: "defaultServiceAccount",
    kind: serviceAccount,
    summary: "With `identity: serviceAccount`: the ServiceAccount of claims that name none and whose pods are unknown.",
  },
  {
    name: "clientID",
    origin: UPSTREAM,
    effect: "identity",
    field: "clientId",
    kind: guid,
    summary: "With `identity: parameters`: client id of the identity that opens the volume.",
  },
  {
    name: "tenantID",
    origin: UPSTREAM,
    effect: "identity",
    field: "tenantId",
    kind: guid,
    default: (settings, { subscriptionId }) => tenantOf(settings, String(subscriptionId)),
    summary: "Tenant of that identity. Default: the controller's `--tenant-id`.",
  },
  {
    name: "principalID",
    origin: OURS,
    effect: "identity",
    field: "principalId",
    kind: guid,
    summary:
      "Object id of that identity. Default: looked up by `clientID` among the user-assigned identities that the controller may read.",
  },
] as const satisfies readonly ParameterRow[];

const STATED = [
  {
    name: "mountWithWorkloadIdentityToken",
    origin: UPSTREAM,
    effect: "stated",
    values: ["true"],
    because: "volumes are always mounted with the workload's token",
  },
  {
    name: "allowSharedKeyAccess",
    origin: UPSTREAM,
    effect: "stated",
    values: ["false"],
    because: "accounts never accept a key",
  },
  {
    name: "storeAccountKey",
    origin: UPSTREAM,
    effect: "stated",
    values: ["false"],
    because: "there is no key to store",
  },
  {
    name: "getLatestAccountKey",
    origin: UPSTREAM,
    effect: "stated",
    values: ["false"],
    because: "there is no key to get",
  },
  {
    name: "matchTags",
    origin: UPSTREAM,
    effect: "stated",
    values: ["true", "false"],
    because: "an account is chosen by its computed name, which covers the class's tags",
  },
  {
    name: "networkEndpointType",
    origin: UPSTREAM,
    effect: "stated",
    values: [""],
    because: "no private endpoint is created",
    instead: OWN_NETWORK,
  },
] as const satisfies readonly ParameterRow[];

export const COMMON_PARAMETERS = [...PLACEMENT, ...ACCOUNT, ...IDENTITY, ...STATED, ...REFUSED_PARAMETERS] as const;
