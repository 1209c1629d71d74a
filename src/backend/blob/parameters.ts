/** The StorageClass parameters of blob volumes: the common ones, and those that only a blob account or blobfuse2 knows. */
import { hostName } from "../../text/azure-names.ts";
import { boolean, choice, wholeNumber } from "../../text/values.ts";
import { type FieldsOf, OURS, type ParameterRow, UPSTREAM } from "../../volume/class/parameter-row.ts";
import { COMMON_PARAMETERS } from "../../volume/class/parameters.ts";
import { readAccountType, readProtocol, readSku, readTier } from "./parameter-kinds.ts";
import { REFUSED_BLOB_PARAMETERS } from "./refused-parameters.ts";

const ACCOUNT = [
  {
    name: "skuName",
    origin: UPSTREAM,
    effect: "account",
    field: "skuName",
    kind: readSku,
    summary: "Redundancy of the account: `Standard_LRS` (default), `Standard_ZRS`, `Premium_LRS`, ...",
  },
  {
    name: "storageAccountType",
    origin: UPSTREAM,
    effect: "account",
    field: "skuName",
    kind: readSku,
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
    kind: readAccountType,
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
    kind: readProtocol,
    default: () => "fuse2",
    summary:
      "`fuse2` (blobfuse2), the only one that signs in with an identity; `fuse`, the default of blob.csi.azure.com, means the same. Default: `fuse2`.",
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
    summary:
      "With `storageAccount`: host name of that account's blob endpoint, handed to the node plugin, for a private endpoint.",
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

export const PARAMETERS = [...COMMON_PARAMETERS, ...ACCOUNT, ...VOLUME, ...STATED, ...REFUSED_BLOB_PARAMETERS] as const;

/** What a class of blob volumes asks for. */
export type BlobClass = FieldsOf<typeof PARAMETERS>;

/** What it asks of a new account. */
export type BlobAccountShape = FieldsOf<typeof PARAMETERS, "account">;

/** Every problem over several of these parameters, each with its fix. */
export function findContradictions(volumeClass: BlobClass): string[] {
  return [...retentionProblems(volumeClass), ...accountTypeProblems(volumeClass), ...serverProblems(volumeClass)];
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
  const set = `set isHnsEnabled: "${type === "adls"}"`;
  if (isHnsEnabled !== undefined)
    return [`BlobStorageAccountType "${type}" contradicts isHnsEnabled: remove it, or ${set}`];
  return [
    `BlobStorageAccountType "${type}" is of an account with a hierarchical namespace, and this class asks for none: remove it, or ${set}`,
  ];
}

/** `account.blob.…`, `account.privatelink.blob.…` and, with DNS zone endpoints, `account.z12.blob.…`. */
const HOST_OF_ACCOUNT = /^([a-z0-9]{3,24})\.(privatelink\.|z\d+\.)?blob\./i;

/** A server is the host of one account: every volume that is in another one would be looked for there. */
function serverProblems({ server, storageAccount }: BlobClass): string[] {
  if (server === undefined) return [];
  if (storageAccount === undefined) {
    return [
      `server "${server}" is the host of one account, and the controller chooses the accounts of this class: remove it, ` +
        "or name its account in storageAccount",
    ];
  }
  const account = HOST_OF_ACCOUNT.exec(server)?.[1]?.toLowerCase();
  if (account === undefined || account === storageAccount) return [];
  return [
    `server "${server}" is the host of another account than storageAccount "${storageAccount}": correct one of them`,
  ];
}
