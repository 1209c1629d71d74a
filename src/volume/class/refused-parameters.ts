/**
 * The StorageClass parameters that are refused whatever stores the volume, each with what to do instead: those that work with
 * account keys, those that are not offered, and fields of the StorageClass that stand among its parameters. Advice names no
 * parameter that is refused itself.
 */
import { type ParameterRow, type RefusedParameter, UPSTREAM } from "./parameter-row.ts";

const KUBERNETES = "Kubernetes";

/** Instead of what would prepare a network. */
export const OWN_NETWORK = "prepare network access to the account yourself, for example with Azure Policy";
const NO_NETWORK = `remove it and ${OWN_NETWORK}`;
const NO_SECRET = "remove it; the workload's own identity opens the volume";
const TOKEN_ONLY = "remove it; the mount signs in with the workload's token";
const CLIENT_ID = "remove it; the workload's identity is clientID, or comes with identity: serviceAccount";
const PRINCIPAL_ID = "remove it; the workload's object id is principalID, beside clientID";
const BESIDE = "move it out of `parameters`, to the level of `provisioner`";

const KEY_BASED = [
  { name: "secretName", origin: UPSTREAM, effect: "key-based", instead: NO_SECRET },
  { name: "secretNamespace", origin: UPSTREAM, effect: "key-based", instead: NO_SECRET },
  { name: "AzureStorageAuthType", origin: UPSTREAM, effect: "key-based", instead: TOKEN_ONLY },
  { name: "AzureStorageIdentityClientID", origin: UPSTREAM, effect: "key-based", instead: CLIENT_ID },
  { name: "AzureStorageIdentityObjectID", origin: UPSTREAM, effect: "key-based", instead: PRINCIPAL_ID },
  { name: "AzureStorageIdentityResourceID", origin: UPSTREAM, effect: "key-based", instead: CLIENT_ID },
  { name: "MSIEndpoint", origin: UPSTREAM, effect: "key-based", instead: TOKEN_ONLY },
  { name: "AzureStorageSPNClientID", origin: UPSTREAM, effect: "key-based", instead: TOKEN_ONLY },
  { name: "AzureStorageSPNTenantID", origin: UPSTREAM, effect: "key-based", instead: TOKEN_ONLY },
  { name: "keyVaultURL", origin: UPSTREAM, effect: "key-based", instead: NO_SECRET },
  { name: "keyVaultSecretName", origin: UPSTREAM, effect: "key-based", instead: NO_SECRET },
  { name: "keyVaultSecretVersion", origin: UPSTREAM, effect: "key-based", instead: NO_SECRET },
] as const satisfies readonly ParameterRow[];

const NOT_OFFERED = [
  {
    name: "AzureStorageAADEndpoint",
    origin: UPSTREAM,
    effect: "not yet",
    instead: "remove it; the controller's --cloud decides the sign-in endpoint",
  },
  { name: "vnetResourceGroup", origin: UPSTREAM, effect: "not yet", instead: NO_NETWORK },
  { name: "vnetName", origin: UPSTREAM, effect: "not yet", instead: NO_NETWORK },
  { name: "vnetLinkName", origin: UPSTREAM, effect: "not yet", instead: NO_NETWORK },
  { name: "subnetName", origin: UPSTREAM, effect: "not yet", instead: NO_NETWORK },
  { name: "privateDNSZoneResourceGroup", origin: UPSTREAM, effect: "not yet", instead: NO_NETWORK },
] as const satisfies readonly ParameterRow[];

/** What people write one level too deep; Kubernetes takes any text for a parameter's name. */
const CLASS_FIELDS = [
  { name: "mountOptions", origin: KUBERNETES, effect: "class field", instead: `${BESIDE}, as a list` },
  { name: "reclaimPolicy", origin: KUBERNETES, effect: "class field", instead: BESIDE },
  { name: "volumeBindingMode", origin: KUBERNETES, effect: "class field", instead: BESIDE },
  { name: "allowVolumeExpansion", origin: KUBERNETES, effect: "class field", instead: BESIDE },
  { name: "allowedTopologies", origin: KUBERNETES, effect: "class field", instead: BESIDE },
  { name: "provisioner", origin: KUBERNETES, effect: "class field", instead: "remove it from `parameters`" },
] as const satisfies readonly ParameterRow[];

export const REFUSED_PARAMETERS = [...KEY_BASED, ...NOT_OFFERED, ...CLASS_FIELDS] as const;

/** csi-provisioner's own: it takes from a class what has this prefix, and adds what `--extra-create-metadata` says. */
const RESERVED = "csi.storage.k8s.io/";

/** The row of a parameter that csi-provisioner reserves, for a caller that does not take it away, or a class that misspells it. */
export function reservedRow(name: string): RefusedParameter | undefined {
  if (!name.toLowerCase().startsWith(RESERVED)) return undefined;
  const isSecret = /-secret-name(space)?$/i.test(name);
  return {
    name,
    origin: KUBERNETES,
    effect: isSecret ? "secret" : "reserved",
    instead: isSecret ? NO_SECRET : "remove it",
  };
}
