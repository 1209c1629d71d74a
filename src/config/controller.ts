/**
 * The controller's configuration: completes the settings of `controller-settings.ts` from a cloud file or the emulator's
 * own information, and yields one deeply frozen object from which the rest of the program is built.
 */
import { DriverError } from "../errors.ts";
import { CLOUDS, type Cloud, type CloudFile, toCloud } from "./cloud.ts";
import type { ClusterIdentity, IdentityScope, ResourceGroupRef, StorageTenant } from "./controller-kinds.ts";
import type { CredentialKind, controllerSettings } from "./controller-settings.ts";
import type { HostPort } from "./kinds.ts";
import { findOrphanProblems, type OrphanConfig, toOrphanConfig } from "./orphan-settings.ts";
import { findOverflowAbroad } from "./overflow-tenants.ts";
import type { SettingProblem } from "./problem.ts";
import type { Draft, ValuesOf } from "./setting.ts";

export type ControllerValues = ValuesOf<typeof controllerSettings>;

/** How the controller signs in to Azure. */
export interface Credential {
  readonly kind: CredentialKind;
  readonly clientId?: string;
  /** The projected ServiceAccount token, read again before each exchange. */
  readonly tokenFile?: string;
}

/** What a controller is built from. Times are in milliseconds. */
export interface ControllerConfig {
  /** Path of the unix socket. */
  readonly socketPath: string;
  readonly driverName: string;
  readonly clusterId: string;
  /** Former clusters whose resources this controller owns in addition to its own. */
  readonly alsoOwns: readonly ClusterIdentity[];
  readonly cloud: Cloud;
  readonly credential: Credential;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly location: string;
  /** Tenant of the controller and of `subscriptionId`. */
  readonly tenantId: string;
  /** Resource groups that a class may name in addition to the default one. */
  readonly allowedResourceGroups: readonly ResourceGroupRef[];
  /** Where classes without a place of their own go on when a quota is met, in this order. */
  readonly overflow: readonly ResourceGroupRef[];
  /**
   * GUIDs of role definitions: the first is what workloads are assigned, the others what they were assigned before. Empty:
   * the data-only role of `keyless-csi roles`.
   */
  readonly roles: readonly string[];
  /** What the ids of the roles of `keyless-csi roles` are computed from; absent: `subscriptionId`. */
  readonly rolePrefix: string | undefined;
  /** Where the identities of ServiceAccounts may be. */
  readonly identityScopes: readonly IdentityScope[];
  /** Of the ServiceAccount tokens that workloads exchange. */
  readonly tokenAudience: string;
  readonly managesFederatedCredentials: boolean;
  /** Namespaces that may use classes which name an identity; empty: all. */
  readonly allowedNamespaces: readonly string[];
  /** Subscriptions of other tenants, and who the controller is there. */
  readonly storageTenants: readonly StorageTenant[];
  /** What creates containers: ARM, or the account's own Blob service, which the controller must reach. */
  readonly containerApi: "arm" | "blob";
  readonly onDelete: "delete" | "retain";
  readonly repairsDrift: boolean;
  /** From one check of all accounts to the next; 0: no check. */
  readonly driftCheckMs: number;
  /** What is left in Azure: whether one replica looks for it, and deletes of it. */
  readonly orphans: OrphanConfig;
  /** Whether the accounts of pools are made before a volume needs them. */
  readonly prewarms: boolean;
  /** Absent: taken from the API server. */
  readonly oidcIssuer: string | undefined;
  readonly kubernetes: "auto" | "on" | "off";
  readonly kubeconfig: string | undefined;
  readonly mountChecks: "refuse" | "warn" | "off";
  /** Name of the CSIDriver object of the node plugin; `""`: it is not read. */
  readonly nodeDriver: string;
  /** Where /healthz, /readyz and /metrics are served; absent: nowhere. */
  readonly http: HostPort | undefined;
  readonly logLevel: "error" | "warn" | "info" | "debug";
  readonly logFormat: "json" | "text";
  readonly gracePeriodMs: number;
  /** How long an account that ARM has confirmed as keyless is used without another check. */
  readonly accountCacheMs: number;
  readonly identityCacheMs: number;
}

/** Settings that a cloud file or the emulator may provide in place of the operator. */
const GIVEN_BY_CLOUD = {
  "cluster-id": "name this cluster as no other of the subscription is named; every name in Azure is computed from it",
  "subscription-id": "name the subscription in which accounts are created (`az account show --query id`)",
  "resource-group": "name the resource group in which accounts are created",
  location: "name the Azure region in which accounts are created",
  "tenant-id": "name the Entra tenant of the subscription (`az account show --query tenantId`)",
} as const;

/** Problems between settings: what is missing, what excludes each other. For `check` of the commands that use them. */
export function checkController(draft: Draft<typeof controllerSettings>): readonly SettingProblem[] {
  const problems: SettingProblem[] = [];
  const cloudFile = draft.cloudFile;
  if (draft.emulator === true && cloudFile !== undefined) {
    problems.push(problemOf("emulator", "cannot be combined with --cloud-file; give one of them"));
  }
  if (draft.emulator !== true) problems.push(...findMissing(draft, cloudFile));
  const credential = draft.credential;
  if (credential === "cloud-file" && draft.emulator !== true && cloudFile?.controller === undefined) {
    problems.push({
      ...problemOf("credential", `"cloud-file" needs --cloud-file with a "controller" in it, or --emulator`),
      mayComeFrom: "cloud-file",
    });
  }
  problems.push(...findUnusedSignIn(draft), ...findOverflowAbroad(draft), ...findOrphanProblems(draft));
  if (draft.role?.length === 0) {
    problems.push(problemOf("role", "is empty; name the role that workloads are assigned, or leave it out"));
  }
  if (credential === "managed-identity" && (draft.storageTenants ?? []).length > 0) {
    const problem =
      "cannot sign in to other tenants (--storage-tenants); use workload-identity, whose token each tenant can trust";
    problems.push(problemOf("credential", `"managed-identity" ${problem}`));
  }
  return problems;
}

/** A setting that the chosen credential ignores is a mistake and is reported. */
function findUnusedSignIn({
  credential,
  clientId,
  tokenFile,
  cloudFile,
  emulator,
}: Draft<typeof controllerSettings>): SettingProblem[] {
  const isByFile = emulator === true || cloudFile?.controller !== undefined;
  const kind = credential === "default" && isByFile ? "cloud-file" : (credential ?? "default");
  const takesToken = kind === "workload-identity" || kind === "cloud-file";
  const takesClient = takesToken || kind === "managed-identity";
  const unused = (setting: string) =>
    problemOf(setting, `has no effect with --credential=${kind}; choose workload-identity`);
  return [
    ...(clientId !== undefined && !takesClient ? [unused("client-id")] : []),
    ...(tokenFile !== undefined && !takesToken ? [unused("token-file")] : []),
  ];
}

function findMissing(
  draft: Draft<typeof controllerSettings>,
  cloudFile: CloudFile | undefined,
): readonly SettingProblem[] {
  const given: Record<keyof typeof GIVEN_BY_CLOUD, string | undefined> = {
    "cluster-id": draft.clusterId ?? cloudFile?.clusterId,
    "subscription-id": draft.subscriptionId ?? cloudFile?.subscriptionId,
    "resource-group": draft.resourceGroup ?? cloudFile?.resourceGroup,
    location: draft.location ?? cloudFile?.location,
    "tenant-id": draft.tenantId ?? cloudFile?.tenantId,
  };
  const names = Object.keys(GIVEN_BY_CLOUD) as (keyof typeof GIVEN_BY_CLOUD)[];
  return names
    .filter((name) => given[name] === undefined)
    .map((name) => ({
      ...problemOf(name, `is required; ${GIVEN_BY_CLOUD[name]} (--cloud-file or --emulator can provide it too)`),
      mayComeFrom: "cloud-file",
    }));
}

function problemOf(setting: string, problem: string): SettingProblem {
  return { setting, source: `--${setting}`, problem };
}

/**
 * The configuration that follows from `values`. `emulator` is the information of a started emulator, under `--emulator`.
 * The operator's value takes precedence over the cloud file's. Throws DriverError Misconfigured when something is missing
 * that `checkController` would have reported.
 */
export function toControllerConfig(values: ControllerValues, emulator?: CloudFile): ControllerConfig {
  const file = emulator ?? values.cloudFile;
  const subscriptionId = require("subscription-id", values.subscriptionId ?? file?.subscriptionId);
  return deepFreeze({
    socketPath: values.endpoint,
    driverName: values.driverName,
    clusterId: require("cluster-id", values.clusterId ?? file?.clusterId),
    alsoOwns: values.alsoOwns,
    cloud: toChosenCloud(values, file),
    credential: toCredential(values, file),
    subscriptionId,
    resourceGroup: require("resource-group", values.resourceGroup ?? file?.resourceGroup),
    location: require("location", values.location ?? file?.location),
    tenantId: require("tenant-id", values.tenantId ?? file?.tenantId),
    allowedResourceGroups: values.allowedResourceGroups,
    overflow: values.overflow,
    roles: values.role ?? [],
    rolePrefix: values.rolePrefix,
    identityScopes: values.identityScopes.length > 0 ? values.identityScopes : [{ subscriptionId }],
    tokenAudience: values.tokenAudience,
    managesFederatedCredentials: values.manageFederatedCredentials,
    allowedNamespaces: values.allowedNamespaces,
    storageTenants: values.storageTenants,
    containerApi: values.containerApi,
    onDelete: values.onDelete,
    repairsDrift: values.repairDrift,
    driftCheckMs: values.driftCheckInterval,
    orphans: toOrphanConfig(values),
    prewarms: values.prewarm,
    oidcIssuer: values.oidcIssuer,
    kubernetes: values.kubernetes,
    kubeconfig: values.kubeconfig,
    mountChecks: values.mountChecks,
    nodeDriver: values.nodeDriver ?? values.driverName,
    http: values.httpEndpoint,
    logLevel: values.logLevel,
    logFormat: values.logFormat,
    gracePeriodMs: values.gracePeriod,
    accountCacheMs: values.accountCache,
    identityCacheMs: values.identityCache,
  });
}

function toChosenCloud({ cloud: name, storageApiVersion }: ControllerValues, file: CloudFile | undefined): Cloud {
  const cloud = file === undefined ? CLOUDS[name] : toCloud(file);
  return storageApiVersion === undefined ? cloud : { ...cloud, storageApiVersion };
}

/** A cloud file with the controller's identity is also how it signs in, unless `--credential` says otherwise. */
function toCredential(values: ControllerValues, file: CloudFile | undefined): Credential {
  const kind = values.credential === "default" && file?.controller !== undefined ? "cloud-file" : values.credential;
  const own = kind === "cloud-file" ? file?.controller : undefined;
  const clientId = values.clientId ?? own?.clientId;
  const tokenFile = values.tokenFile ?? own?.tokenFile;
  return {
    kind,
    ...(clientId === undefined ? {} : { clientId }),
    ...(tokenFile === undefined ? {} : { tokenFile }),
  };
}

function require<T>(setting: string, value: T | undefined): T {
  if (value === undefined) throw new DriverError("Misconfigured", `--${setting} is required`);
  return value;
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const part of Object.values(value)) deepFreeze(part);
  return value;
}
