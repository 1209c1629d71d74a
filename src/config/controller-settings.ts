/**
 * The controller's settings: the one table from which its flags, environment names, configuration file keys, defaults,
 * help, JSON Schema and reference page come. `controller.ts` completes what it yields. A secret never has a row here.
 */

import { STORAGE_API_VERSIONS } from "../text/azure-api-versions.ts";
import { PLUGIN_AUDIENCE } from "../text/token-audience.ts";
import { CLOUDS } from "./cloud.ts";
import { cloudFile } from "./cloud-file.ts";
import {
  clusterId,
  clusterIdentity,
  driverName,
  identityScope,
  issuerUrl,
  location,
  namespaceName,
  nodeDriver,
  resourceGroup,
  resourceGroupRef,
  rolePrefix,
  storageTenant,
  tokenAudience,
} from "./controller-kinds.ts";
import { choice, duration, guid, hostPort, interval, list, path, toggle, unixSocket } from "./kinds.ts";
import { orphanSettings } from "./orphan-settings.ts";
import { optional, setting } from "./setting.ts";

const CREDENTIALS = [
  "default",
  "workload-identity",
  "managed-identity",
  "environment",
  "azure-cli",
  "cloud-file",
] as const;
export type CredentialKind = (typeof CREDENTIALS)[number];

const SERVICE = "Service";
const OWNERSHIP = "Ownership";
const AZURE = "Azure";
const SIGN_IN = "Sign-in to Azure";
const IDENTITY = "Identities of workloads";
const KUBERNETES = "Kubernetes";
const OPERATION = "Operation";
const BY_CLOUD = "required, unless --cloud-file or --emulator gives it";

/** Every setting of `keyless-csi controller`. */
export const controllerSettings = {
  endpoint: setting(unixSocket, {
    group: SERVICE,
    help: "unix socket that the CSI services are served on; created with mode 0600",
    fallback: "unix:///csi/csi.sock",
    alsoFrom: ["CSI_ENDPOINT"],
  }),
  "driver-name": setting(driverName, {
    group: SERVICE,
    help: "the driver's name: that of the CSIDriver object, and the provisioner of StorageClasses",
    fallback: "keyless.blob.csi",
  }),
  "cluster-id": optional(clusterId, {
    group: OWNERSHIP,
    help: "identifies this cluster in every name and tag in Azure; never change it while volumes exist",
    absent: BY_CLOUD,
  }),
  "also-owns": setting(list(clusterIdentity), {
    group: OWNERSHIP,
    help: "former clusters whose volumes this controller takes over: ID/UID by their mark, ID alone what carries no mark",
    fallback: "",
  }),
  cloud: setting(choice(Object.keys(CLOUDS) as (keyof typeof CLOUDS)[]), {
    group: AZURE,
    help: "the Azure cloud to use",
    fallback: "AzurePublic",
  }),
  "cloud-file": optional(cloudFile, {
    group: AZURE,
    help: "JSON file with the endpoints and names of a custom cloud, such as the emulator's ready file",
  }),
  emulator: setting(toggle, {
    group: AZURE,
    help: "start an Azure emulator in this process and use it; nothing survives the process",
    fallback: "false",
  }),
  "tenant-id": optional(guid, { group: AZURE, help: "the Entra tenant of the subscription", absent: BY_CLOUD }),
  "storage-api-version": optional(choice(STORAGE_API_VERSIONS), {
    group: AZURE,
    help: "api-version of Microsoft.Storage; one that the cloud does not know is replaced by the newest older one it knows",
    absent: "2025-08-01, in AzureUSGovernment and AzureChina 2025-06-01",
  }),
  "subscription-id": optional(guid, {
    group: AZURE,
    help: "the subscription in which accounts are created, unless a class names another",
    absent: BY_CLOUD,
  }),
  "resource-group": optional(resourceGroup, {
    group: AZURE,
    help: "the resource group in which accounts are created, unless a class names another",
    absent: BY_CLOUD,
  }),
  location: optional(location, {
    group: AZURE,
    help: "the region in which accounts are created, unless a class names another",
    absent: BY_CLOUD,
  }),
  "allowed-resource-groups": setting(list(resourceGroupRef), {
    group: AZURE,
    help: "resource groups that a class may name in addition to the default one",
    fallback: "",
  }),
  overflow: setting(list(resourceGroupRef), {
    group: AZURE,
    help: "where classes that state no subscription or resource group go on, in this order, when a quota of Azure is met",
    fallback: "",
  }),
  role: optional(list(guid), {
    group: AZURE,
    help: "role definitions of workloads: the first is assigned on their container, and all of them are removed from it",
    absent: "the data-only role that `keyless-csi roles` prints",
  }),
  "role-prefix": optional(rolePrefix, {
    group: AZURE,
    help: "prefix of the roles that `keyless-csi roles` prints, the same there; empty: those of versions without prefixes",
    absent: "--subscription-id",
  }),
  "container-api": setting(choice(["arm", "blob"] as const), {
    group: AZURE,
    help: "what creates containers: arm, or the account's own Blob service, in one call and with no ARM write",
    fallback: "arm",
  }),
  "on-delete": setting(choice(["delete", "retain"] as const), {
    group: AZURE,
    help: "what happens to the container of a deleted volume; retain keeps it and removes access",
    fallback: "delete",
  }),
  "repair-drift": setting(toggle, {
    group: AZURE,
    help: "close every way in without Entra again on accounts that drifted, and put lost tags back; at most hourly for each",
    fallback: "false",
  }),
  "drift-check-interval": setting(interval({ min: "1m", max: "24h" }), {
    group: AZURE,
    help: "how often one replica looks for accounts that drifted and volumes that lost their storage or access; minimum 1m",
    fallback: "10m",
  }),
  prewarm: setting(toggle, {
    group: AZURE,
    help: "make the accounts of classes with isolation pool ahead of their volumes, in one replica, in the background",
    fallback: "false",
  }),
  ...orphanSettings,
  "storage-tenants": setting(list(storageTenant), {
    group: AZURE,
    help: "subscriptions of other tenants, and the client id there that trusts the controller's ServiceAccount",
    fallback: "",
  }),
  "identity-scopes": setting(list(identityScope), {
    group: IDENTITY,
    help: "where the user-assigned identities of workloads are searched; empty: in --subscription-id",
    fallback: "",
  }),
  "manage-federated-credentials": setting(toggle, {
    group: IDENTITY,
    help: "write the federated credential of a ServiceAccount that a tag of the identity lists",
    fallback: "false",
  }),
  "allowed-namespaces": setting(list(namespaceName), {
    group: IDENTITY,
    help: "namespaces that may use classes which name an identity themselves; empty: all",
    fallback: "",
  }),
  "token-audience": setting(tokenAudience, {
    group: IDENTITY,
    help: "audience of ServiceAccount tokens and federated credentials; the OSS node plugin reads no other than the default",
    fallback: PLUGIN_AUDIENCE,
  }),
  "oidc-issuer": optional(issuerUrl, {
    group: IDENTITY,
    help: "issuer of the cluster's ServiceAccount tokens",
    absent: "what the API server's discovery document says",
  }),
  "account-cache": setting(duration({ max: "5m" }), {
    group: AZURE,
    help: "how long a keyless account, or a role assignment at an account, is used without asking Azure again first",
    fallback: "5m",
  }),
  "identity-cache": setting(duration({ max: "5m" }), {
    group: AZURE,
    help: "how long the principal of an identity, and that a role exists, is used without asking Azure again",
    fallback: "5m",
  }),
  credential: setting(choice(CREDENTIALS), {
    group: SIGN_IN,
    help: "how the controller signs in",
    fallback: "default",
  }),
  "client-id": optional(guid, {
    group: SIGN_IN,
    help: "client id of the controller's own identity",
    absent: "what the credential finds in its environment",
  }),
  "token-file": optional(path, {
    group: SIGN_IN,
    help: "file with the controller's projected ServiceAccount token, for workload identity",
    absent: "AZURE_FEDERATED_TOKEN_FILE",
  }),
  kubernetes: setting(choice(["auto", "on", "off"] as const), {
    group: KUBERNETES,
    help: "whether a cluster is used; auto: if the process runs in one or --kubeconfig is given",
    fallback: "auto",
  }),
  "mount-checks": setting(choice(["refuse", "warn", "off"] as const), {
    group: KUBERNETES,
    help: "whether to refuse a volume whose mount would lose data, or whose CSIDriver is wrong; off without Kubernetes",
    fallback: "refuse",
  }),
  "node-driver": optional(nodeDriver, {
    group: KUBERNETES,
    help: "CSIDriver object of the node plugin, which --mount-checks reads; empty: not read",
    absent: "the name of --driver-name",
  }),
  kubeconfig: optional(path, { group: KUBERNETES, help: "kubeconfig file", absent: "the pod's own ServiceAccount" }),
  "http-endpoint": optional(hostPort, {
    group: OPERATION,
    help: "address that /healthz, /readyz and /metrics are served on",
    absent: "off",
  }),
  "log-level": setting(choice(["error", "warn", "info", "debug"] as const), {
    group: OPERATION,
    help: "the minimum level that is logged",
    fallback: "info",
  }),
  "log-format": setting(choice(["json", "text"] as const), {
    group: OPERATION,
    help: "json, one object a line, or text for people; logs go to standard error",
    fallback: "json",
  }),
  "grace-period": setting(duration({ max: "1h" }), {
    group: OPERATION,
    help: "how long calls in flight may take after SIGTERM",
    fallback: "50s",
  }),
} as const;
