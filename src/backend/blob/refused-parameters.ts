/**
 * The parameters that classes of blob volumes are refused for, each with what to do instead: those of blob.csi.azure.com that
 * are not offered, and those of file.csi.azure.com, whose classes people change to this provisioner. Source of the names: the
 * field constants in pkg/blob/blob.go and pkg/azurefile/azurefile.go of these drivers.
 */
import { type ParameterRow, UPSTREAM } from "../../volume/class/parameter-row.ts";

const FILES = "file.csi.azure.com";

const STATIC =
  "remove it; every volume has a container of its own. For one that exists: `keyless-csi static` " +
  "(docs/how-to/existing-data.md)";
const NAMED = "remove it; the container is named after the volume";
const REMOVE = "remove it";

export const REFUSED_BLOB_PARAMETERS = [
  { name: "containerName", origin: UPSTREAM, effect: "not yet", instead: STATIC },
  { name: "containerNamePrefix", origin: UPSTREAM, effect: "not yet", instead: NAMED },
  { name: "shareName", origin: FILES, effect: "other storage", instead: STATIC },
  { name: "shareNamePrefix", origin: FILES, effect: "other storage", instead: NAMED },
  {
    name: "shareAccessTier",
    origin: FILES,
    effect: "other storage",
    instead: "remove it; accessTier is the account's",
  },
  {
    name: "accountAccessTier",
    origin: FILES,
    effect: "other storage",
    instead: "remove it; accessTier is the account's",
  },
  { name: "rootSquashType", origin: FILES, effect: "other storage", instead: REMOVE },
  { name: "fsType", origin: FILES, effect: "other storage", instead: REMOVE },
  { name: "diskName", origin: FILES, effect: "other storage", instead: REMOVE },
  { name: "folderName", origin: FILES, effect: "other storage", instead: REMOVE },
  { name: "createFolderIfNotExist", origin: FILES, effect: "other storage", instead: REMOVE },
  { name: "enableLargeFileShares", origin: FILES, effect: "other storage", instead: REMOVE },
  { name: "enableMultichannel", origin: FILES, effect: "other storage", instead: REMOVE },
  {
    name: "disableDeleteRetentionPolicy",
    origin: FILES,
    effect: "other storage",
    instead: "remove it; softDeleteBlobs and softDeleteContainers set how long deleted data is kept",
  },
  {
    name: "accountQuota",
    origin: FILES,
    effect: "other storage",
    instead: "remove it; poolSize spreads volumes over accounts",
  },
  {
    name: "selectRandomMatchingAccount",
    origin: FILES,
    effect: "other storage",
    instead: "remove it; poolSize spreads volumes over accounts",
  },
  { name: "encryptInTransit", origin: FILES, effect: "other storage", instead: "remove it; mounts use HTTPS" },
  { name: "provisionedIops", origin: FILES, effect: "other storage", instead: REMOVE },
  { name: "provisionedBandwidth", origin: FILES, effect: "other storage", instead: REMOVE },
  { name: "confidentialContainerLabel", origin: FILES, effect: "other storage", instead: REMOVE },
  { name: "enableKataCCMount", origin: FILES, effect: "other storage", instead: REMOVE },
  {
    name: "mountWithManagedIdentity",
    origin: FILES,
    effect: "key-based",
    instead: "remove it; the mount signs in with the workload's ServiceAccount token, never with the node's identity",
  },
] as const satisfies readonly ParameterRow[];
