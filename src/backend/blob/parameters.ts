/** The StorageClass parameters of blob volumes: the common ones, and those that only a blob account or blobfuse2 knows. */
import { hostName } from "../../text/azure-names.ts";
import { boolean, choice, type Parsed, wholeNumber } from "../../text/values.ts";
import type { EarlierFields, FieldsOf, ParameterRow } from "../../volume/class/parameter-row.ts";
import { COMMON_PARAMETERS, OURS, UPSTREAM } from "../../volume/class/parameters.ts";

/** The spellings that Azure uses; those of provisioned v2 accounts are for files only and not among them. */
const SKUS = [
  "Standard_LRS",
  "Standard_GRS",
  "Standard_RAGRS",
  "Standard_ZRS",
  "Standard_GZRS",
  "Standard_RAGZRS",
  "Premium_LRS",
  "Premium_ZRS",
] as const;

type Tier = "Hot" | "Cool" | "Cold" | "Premium";

/** A Premium account has the one tier of its own. */
function readTier(text: string, { skuName }: EarlierFields): Parsed<Tier> {
  const isPremium = typeof skuName === "string" && skuName.startsWith("Premium");
  return choice<Tier>(isPremium ? ["Premium"] : ["Hot", "Cool", "Cold"])(text);
}

const ACCOUNT = [
  {
    name: "skuName",
    origin: UPSTREAM,
    effect: "account",
    field: "skuName",
    kind: choice(SKUS),
    summary: "Redundancy of the account: `Standard_LRS` (default), `Standard_ZRS`, `Premium_LRS`, ...",
  },
  {
    name: "storageAccountType",
    origin: UPSTREAM,
    effect: "account",
    field: "skuName",
    kind: choice(SKUS),
    summary: "The same as `skuName`.",
  },
  {
    name: "accessTier",
    origin: UPSTREAM,
    effect: "account",
    field: "accessTier",
    kind: readTier,
    summary: "`Hot`, `Cool` or `Cold`; `Premium` with a Premium SKU. Default: Azure's.",
  },
  {
    name: "isHnsEnabled",
    origin: UPSTREAM,
    effect: "account",
    field: "isHnsEnabled",
    kind: boolean,
    isRefusedOnGiven: false,
    summary: "`true` makes an account with a hierarchical namespace (Data Lake Storage).",
  },
  {
    name: "softDeleteBlobs",
    origin: UPSTREAM,
    effect: "account",
    field: "softDeleteBlobsDays",
    kind: wholeNumber(0, 365),
    summary:
      "Days that a deleted blob is kept at least, 1 to 365. It raises what the account has and never lowers it; 0 or absent leaves it as " +
      "Azure, a policy or a backup has set it.",
  },
  {
    name: "softDeleteContainers",
    origin: UPSTREAM,
    effect: "account",
    field: "softDeleteContainersDays",
    kind: wholeNumber(0, 365),
    summary:
      "Days that a deleted container is kept at least, 1 to 365. It raises what the account has and never lowers it; 0 or absent leaves it " +
      "as Azure, a policy or a backup has set it.",
  },
] as const satisfies readonly ParameterRow[];

const VOLUME = [
  {
    name: "grantScope",
    origin: OURS,
    effect: "access",
    field: "grantScope",
    kind: choice(["container", "account"]),
    default: () => "container",
    summary:
      "`container` (default): one role assignment for each volume, at its container. `account`: one for each identity at the account; not with `isolation: pool`.",
  },
  {
    name: "BlobStorageAccountType",
    origin: UPSTREAM,
    effect: "check",
    field: "blobStorageAccountType",
    kind: choice(["block", "adls"]),
    summary:
      "`block` or, with a hierarchical namespace, `adls`: what the account is. Not needed: the volume context says what it really is.",
  },
  {
    name: "acceptFileCache",
    origin: OURS,
    effect: "check",
    field: "acceptsFileCache",
    kind: boolean,
    default: () => false,
    summary:
      "`true`: volumes that are mounted with blobfuse2's file cache are created, although two pods of a node that use one lose data. Default: `false`.",
  },
  {
    name: "protocol",
    origin: UPSTREAM,
    effect: "mount",
    field: "protocol",
    kind: choice(["fuse2"]),
    default: () => "fuse2",
    summary: "`fuse2` (blobfuse2), the only one that signs in with an identity. Default: `fuse2`.",
  },
  {
    name: "storageEndpointSuffix",
    origin: UPSTREAM,
    effect: "mount",
    field: "storageEndpointSuffix",
    kind: hostName,
    summary: "Handed to the node plugin: `core.windows.net` and so on.",
  },
  {
    name: "server",
    origin: UPSTREAM,
    effect: "mount",
    field: "server",
    kind: hostName,
    summary: "Handed to the node plugin: host name of the account's blob endpoint, for a private endpoint.",
  },
] as const satisfies readonly ParameterRow[];

const STATED = [
  {
    name: "useDataPlaneAPI",
    origin: UPSTREAM,
    effect: "stated",
    values: ["false"],
    because: "upstream's data plane calls are signed with an account key; containers are created through ARM",
  },
  {
    name: "allowBlobPublicAccess",
    origin: UPSTREAM,
    effect: "stated",
    values: ["false"],
    because: "containers are never public",
  },
  {
    name: "mountPermissions",
    origin: UPSTREAM,
    effect: "stated",
    values: ["0777", "777", "0", ""],
    because: "the node plugin sets modes on NFS mounts only, and with allow_other blobfuse2 shows every file as 0777",
    ignored: /^[0-7]{1,4}$/,
    instead:
      "other octal modes are accepted without effect (warning NoEffect); what works is mountOptions such as " +
      "`-o umask=0027`, `-o uid=1000`, `-o gid=1000`",
  },
  {
    name: "fsGroupChangePolicy",
    origin: UPSTREAM,
    effect: "stated",
    values: ["None", ""],
    because: "the node plugin changes groups on NFS mounts only",
    ignored: /^(Always|OnRootMismatch)$/i,
    instead:
      "`Always` and `OnRootMismatch` are accepted without effect (warning NoEffect); the pod's fsGroup becomes the group of " +
      "the mount by itself, unless mountOptions has a gid",
  },
  {
    name: "enableBlobVersioning",
    origin: UPSTREAM,
    effect: "stated",
    values: ["false"],
    because: "blob versioning is not switched on",
  },
] as const satisfies readonly ParameterRow[];

const REFUSED = [
  {
    name: "containerName",
    origin: UPSTREAM,
    effect: "not yet",
    instead: "remove it; every volume has a container of its own, named after the volume",
  },
  {
    name: "containerNamePrefix",
    origin: UPSTREAM,
    effect: "not yet",
    instead: "remove it; the container is named after the volume",
  },
] as const satisfies readonly ParameterRow[];

export const PARAMETERS = [...COMMON_PARAMETERS, ...ACCOUNT, ...VOLUME, ...STATED, ...REFUSED] as const;

/** What a class of blob volumes asks for. */
export type BlobClass = FieldsOf<typeof PARAMETERS>;

/** What it asks of a new account. */
export type BlobAccountShape = FieldsOf<typeof PARAMETERS, "account">;

/** Every problem over several of these parameters, each with its fix. */
export function findContradictions(volumeClass: BlobClass): string[] {
  return [...retentionProblems(volumeClass), ...accountTypeProblems(volumeClass)];
}

function retentionProblems({ isolation, softDeleteContainersDays = 0 }: BlobClass): string[] {
  if (isolation !== "volume" || softDeleteContainersDays === 0) return [];
  return [
    'softDeleteContainers keeps nothing with isolation "volume", whose account goes with the volume: remove one of them',
  ];
}

/** An account that the class only names is checked once ARM has shown it: `assertFits` in backend.ts. */
function accountTypeProblems({ blobStorageAccountType: type, isHnsEnabled, storageAccount }: BlobClass): string[] {
  const isKnown = storageAccount === undefined || isHnsEnabled !== undefined;
  if (type === undefined || !isKnown || (type === "adls") === (isHnsEnabled ?? false)) return [];
  const fix = type === "adls" ? 'isHnsEnabled: "true"' : 'isHnsEnabled: "false"';
  return [`BlobStorageAccountType "${type}" contradicts isHnsEnabled: remove it, or set ${fix}`];
}
