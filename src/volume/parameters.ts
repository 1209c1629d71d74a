/**
 * Every StorageClass parameter that we know, in one table: those of blob.csi.azure.com by their names, and ours. The
 * table decides what is used, what is accepted because it says what we do anyway, and what is refused and why;
 * `docs/reference/parameters.md` is made from it. What the used ones mean is read in `class-parameters.ts`.
 */

/** How a parameter is treated. */
export type Treatment =
  /** It shapes the volume. */
  | { readonly kind: "used"; readonly summary: string }
  /** Accepted with these values only (compared without case), because that is what we do anyway. */
  | {
      readonly kind: "stated";
      readonly values: readonly string[];
      readonly because: string;
      readonly instead?: string;
      /** Further values, once sent to the node plugin: accepted without effect, since a class cannot be changed. */
      readonly ignored?: RegExp;
    }
  /** Works with account keys: there are none. */
  | { readonly kind: "key-based"; readonly instead: string }
  /** Not offered. */
  | { readonly kind: "not yet"; readonly instead: string };

/** One row: the parameter's name as upstream or we spell it, and its treatment. */
export interface Parameter {
  readonly name: string;
  readonly treatment: Treatment;
  /** Whose parameter it is. */
  readonly origin: "blob.csi.azure.com" | "keyless-csi";
}

const upstream = (name: string, treatment: Treatment): Parameter => ({ name, treatment, origin: "blob.csi.azure.com" });
const ours = (name: string, treatment: Treatment): Parameter => ({ name, treatment, origin: "keyless-csi" });
const used = (summary: string): Treatment => ({ kind: "used", summary });
const stated = (
  values: readonly string[],
  because: string,
  more: { readonly instead?: string; readonly ignored?: RegExp } = {},
): Treatment => ({ kind: "stated", values, because, ...more });
const keyBased = (instead: string): Treatment => ({ kind: "key-based", instead });
const notYet = (instead: string): Treatment => ({ kind: "not yet", instead });

const OWN_NETWORK = "remove it and prepare network access to the account yourself, for example with Azure Policy";
const NO_SECRET = "remove it; the workload's own identity opens the volume and no secret is made";
const TOKEN_ONLY = "remove it; the mount signs in with the workload's ServiceAccount token";

/** Sorted for people: what shapes the account, who opens it, the mount, what states the obvious, what is refused. */
export const PARAMETERS: readonly Parameter[] = [
  upstream("skuName", used("Redundancy of the account: `Standard_LRS` (default), `Standard_ZRS`, `Premium_LRS`, ...")),
  upstream("storageAccountType", used("The same as `skuName`.")),
  upstream("location", used("Azure region of the account. Default: the controller's `--location`.")),
  upstream(
    "subscriptionID",
    used("Subscription of the account: the controller's own, or one of `--allowed-resource-groups`."),
  ),
  upstream(
    "resourceGroup",
    used("Resource group of the account: the controller's own, or one of `--allowed-resource-groups`."),
  ),
  upstream("accessTier", used("`Hot`, `Cool` or `Cold`; `Premium` with a Premium SKU. Default: Azure's.")),
  upstream("isHnsEnabled", used("`true` makes an account with a hierarchical namespace (Data Lake Storage).")),
  upstream(
    "BlobStorageAccountType",
    used(
      "`block` or, with a hierarchical namespace, `adls`: what the account is. Not needed: the volume context says what it really is.",
    ),
  ),
  upstream("tags", used("Tags of the account, `key=value,key=value`. Names that begin with `keyless-csi.` are ours.")),
  upstream("tagValueDelimiter", used("What separates the pairs in `tags`. Default: a comma.")),
  upstream("publicNetworkAccess", used("`Enabled`, `Disabled` or `SecuredByPerimeter`. Default: Azure's.")),
  upstream("requireInfraEncryption", used("`true` encrypts the account's data a second time, with platform keys.")),
  upstream("softDeleteBlobs", used("Days that a deleted blob is kept, 1 to 365; 0 or absent: not kept.")),
  upstream("softDeleteContainers", used("Days that a deleted container is kept, 1 to 365; 0 or absent: not kept.")),
  ours(
    "identity",
    used(
      "`parameters` (default): the class names the identity. `serviceAccount`: the identity of the claim's ServiceAccount.",
    ),
  ),
  ours(
    "defaultServiceAccount",
    used("With `identity: serviceAccount`: the ServiceAccount of claims that name none and that no pod tells."),
  ),
  upstream("clientID", used("With `identity: parameters`: client id of the identity that opens the volume.")),
  upstream("tenantID", used("Tenant of that identity. Default: the controller's `--tenant-id`.")),
  ours(
    "principalID",
    used(
      "Object id of that identity. Default: looked up by `clientID` among the user-assigned identities that the controller may read.",
    ),
  ),
  ours(
    "isolation",
    used(
      "`pool` (default): volumes of the class share accounts. `namespace`: those of a namespace do. `volume`: each has an account of its own, deleted with it.",
    ),
  ),
  ours("poolSize", used("How many accounts a pool or a namespace spreads over, 1 (default) to 64.")),
  ours(
    "grantScope",
    used(
      "`container` (default): one role assignment for each volume, at its container. `account`: one for each identity at the account; not with `isolation: pool`.",
    ),
  ),
  upstream(
    "storageAccount",
    used(
      "An account that the administrator has made keyless and tagged `keyless-csi.cluster=<cluster id>`. Default: the controller makes one.",
    ),
  ),
  ours(
    "acceptFileCache",
    used(
      "`true`: volumes that are mounted with blobfuse2's file cache are made, although two pods of a node that use one lose data. Default: `false`.",
    ),
  ),
  upstream("protocol", used("`fuse2` (blobfuse2), the only one that signs in with an identity. Default: `fuse2`.")),
  upstream("storageEndpointSuffix", used("Handed to the node plugin: `core.windows.net` and so on.")),
  upstream(
    "server",
    used("Handed to the node plugin: host name of the account's blob endpoint, for a private endpoint."),
  ),

  upstream("mountWithWorkloadIdentityToken", stated(["true"], "volumes are always mounted with the workload's token")),
  upstream("allowSharedKeyAccess", stated(["false"], "accounts never accept a key")),
  upstream("storeAccountKey", stated(["false"], "there is no key to store")),
  upstream("getLatestAccountKey", stated(["false"], "there is no key to get")),
  upstream(
    "useDataPlaneAPI",
    stated(["false"], "upstream's data plane calls are signed with an account key; containers are made through ARM"),
  ),
  upstream("allowBlobPublicAccess", stated(["false"], "containers are never public")),
  upstream(
    "matchTags",
    stated(["true", "false"], "an account is chosen by its computed name, which covers the class's tags"),
  ),
  upstream(
    "mountPermissions",
    stated(
      ["0777", "777", "0", ""],
      "the node plugin sets modes on NFS mounts only, and with allow_other blobfuse2 shows every file as 0777",
      {
        ignored: /^[0-7]{1,4}$/,
        instead:
          "other octal modes are accepted without effect (warning NoEffect); what works is mountOptions such as " +
          "`-o umask=0027`, `-o uid=1000`, `-o gid=1000`",
      },
    ),
  ),
  upstream(
    "fsGroupChangePolicy",
    stated(["None", ""], "the node plugin changes groups on NFS mounts only", {
      ignored: /^(Always|OnRootMismatch)$/i,
      instead:
        "`Always` and `OnRootMismatch` are accepted without effect (warning NoEffect); the pod's fsGroup becomes the group of " +
        "the mount by itself, unless mountOptions has a gid",
    }),
  ),
  upstream("enableBlobVersioning", stated(["false"], "blob versioning is not switched on")),
  upstream("networkEndpointType", stated([""], "no private endpoint is made")),

  upstream("secretName", keyBased(NO_SECRET)),
  upstream("secretNamespace", keyBased(NO_SECRET)),
  upstream("AzureStorageAuthType", keyBased(TOKEN_ONLY)),
  upstream("AzureStorageIdentityClientID", keyBased("use clientID; it names the workload's identity, not the node's")),
  upstream(
    "AzureStorageIdentityObjectID",
    keyBased("use principalID; it names the workload's identity, not the node's"),
  ),
  upstream(
    "AzureStorageIdentityResourceID",
    keyBased("use clientID; it names the workload's identity, not the node's"),
  ),
  upstream("MSIEndpoint", keyBased(TOKEN_ONLY)),
  upstream("AzureStorageSPNClientID", keyBased(TOKEN_ONLY)),
  upstream("AzureStorageSPNTenantID", keyBased(TOKEN_ONLY)),
  upstream("keyVaultURL", keyBased(NO_SECRET)),
  upstream("keyVaultSecretName", keyBased(NO_SECRET)),
  upstream("keyVaultSecretVersion", keyBased(NO_SECRET)),

  upstream("containerName", notYet("remove it; every volume has a container of its own, named after the volume")),
  upstream("containerNamePrefix", notYet("remove it; the container is named after the volume")),
  upstream("AzureStorageAADEndpoint", notYet("remove it; the controller's --cloud decides the sign-in endpoint")),
  upstream("vnetResourceGroup", notYet(OWN_NETWORK)),
  upstream("vnetName", notYet(OWN_NETWORK)),
  upstream("vnetLinkName", notYet(OWN_NETWORK)),
  upstream("subnetName", notYet(OWN_NETWORK)),
  upstream("privateDNSZoneResourceGroup", notYet(OWN_NETWORK)),
];

const BY_NAME = new Map(PARAMETERS.map((parameter) => [parameter.name.toLowerCase(), parameter]));

/** The row of a parameter, by its name without case. */
export function findParameter(name: string): Parameter | undefined {
  return BY_NAME.get(name.toLowerCase());
}
