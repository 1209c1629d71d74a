/**
 * Builds the world outside from the configuration: the sign-in, Azure's and Kubernetes' clients behind the ports, and the
 * settings of the use cases. The service and the commands that look at volumes share it.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { AccessToken, GetTokenOptions, TokenCredential } from "@azure/identity";
import { createAccounts } from "./azure/accounts.ts";
import { type AzureCall, createArm } from "./azure/arm.ts";
import { createContainers } from "./azure/containers.ts";
import { createCredential, type RenewableCredential } from "./azure/credential.ts";
import { createIdentities } from "./azure/identities.ts";
import { createRoleAssignments } from "./azure/role-assignments.ts";
import { createUsage, type GrantUsage } from "./azure/usage.ts";
import type { ControllerConfig } from "./config/controller.ts";
import { createCluster, NO_CLUSTER } from "./kubernetes/cluster.ts";
import type { Readiness } from "./telemetry/health.ts";
import { removeStaleGrants } from "./volume/access.ts";
import { createGate } from "./volume/gate.ts";
import { DATA_ROLE_ID } from "./volume/names.ts";
import type { Cluster, Observer, Ports, Settings } from "./volume/ports.ts";

/** Told of what the use cases do and of every call to Azure. */
export interface OutsideObserver extends Observer {
  azureCalled(call: AzureCall): void;
}

/** Everything that a use case needs, and what is known of the way there. */
export interface Outside {
  readonly ports: Ports;
  readonly settings: Settings;
  /** Role assignments of the subscriptions in use; remembered for minutes. */
  readonly grantUsage: () => Promise<readonly GrantUsage[]>;
  /** Whether the last sign-in worked and the last request to Azure was answered. */
  readonly readiness: () => Readiness;
  /** Signs in now, to find out early. Rejects with what the credential says. */
  signIn(): Promise<void>;
}

/** Signs in and connects at the first use, not here. `cluster` replaces the configured one, for tests. */
export function createOutside(config: ControllerConfig, observer: OutsideObserver, cluster?: Cluster): Outside {
  const time = { now: () => performance.now(), sleep: (ms: number) => sleep(ms) };
  const { now } = time;
  const own = createCredentialFor(config, now);
  const abroad = createCredentialsAbroad(config, now);
  const { credential, readiness: signInReadiness } = watchSignIn(own);
  const answers = watchAnswers();
  const arm = createArm({
    credentialFor: (subscriptionId) => abroad.get(subscriptionId) ?? credential,
    endpoint: config.cloud.armEndpoint,
    scope: config.cloud.armScope,
    observeCall(call) {
      answers.note(call);
      observer.azureCalled(call);
    },
    forgetTokens() {
      for (const each of [own, ...abroad.values()]) each.forgetTokens();
    },
    ...time,
  });
  const roleAssignments = createRoleAssignments({ arm, rememberMs: config.identityCacheMs, now });
  const accounts = createAccounts({
    arm,
    rememberMs: config.accountCacheMs,
    ...time,
    clear: (ref) => removeStaleGrants({ roleAssignments, observer }, ref),
  });
  const places = [config, ...config.allowedResourceGroups];
  const subscriptionIds = [...new Set(places.map(({ subscriptionId }) => subscriptionId))];
  return {
    ports: {
      accounts,
      containers: createContainers({ arm, forgetAccount: accounts.forget }),
      roleAssignments,
      identities: createIdentities({ arm, scopes: config.identityScopes, rememberMs: config.identityCacheMs, now }),
      cluster: cluster ?? createClusterFor(config, now),
      observer,
      gate: createGate(),
    },
    settings: toSettings(config),
    grantUsage: createUsage({ arm, subscriptionIds, now }),
    readiness() {
      const signedIn = signInReadiness();
      return signedIn.ready ? answers.readiness() : signedIn;
    },
    async signIn() {
      await credential.getToken(config.cloud.armScope);
    },
  };
}

function createClusterFor({ kubernetes, kubeconfig, oidcIssuer }: ControllerConfig, now: () => number): Cluster {
  const isInCluster = process.env["KUBERNETES_SERVICE_HOST"] !== undefined;
  const isWanted = kubernetes === "on" || (kubernetes === "auto" && (kubeconfig !== undefined || isInCluster));
  return isWanted ? createCluster({ kubeconfig, oidcIssuer, now }) : NO_CLUSTER;
}

function createCredentialFor(
  { credential, cloud, tenantId }: ControllerConfig,
  now: () => number,
): RenewableCredential {
  const { kind: configured, ...own } = credential;
  const { authorityHost, isPublicAuthority } = cloud;
  const kind = configured === "cloud-file" ? "workload-identity" : configured;
  return createCredential({ ...own, kind, authorityHost, isPublicAuthority, tenantId }, now);
}

/** In each storage tenant an identity trusts the controller's own ServiceAccount: the same token is exchanged there. */
function createCredentialsAbroad(
  { credential, cloud, storageTenants }: ControllerConfig,
  now: () => number,
): Map<string, RenewableCredential> {
  const { authorityHost, isPublicAuthority } = cloud;
  const own = credential.tokenFile === undefined ? {} : { tokenFile: credential.tokenFile };
  const entries = storageTenants.map(({ subscriptionId, tenantId, clientId }) => {
    const kind = "workload-identity" as const;
    return [
      subscriptionId,
      createCredential({ ...own, kind, authorityHost, isPublicAuthority, tenantId, clientId }, now),
    ] as const;
  });
  return new Map(entries);
}

/** The credential, and whether its last sign-in worked. */
function watchSignIn(credential: TokenCredential): { credential: TokenCredential; readiness: () => Readiness } {
  let state: Readiness = notReady("not signed in to Azure yet");
  const getToken = async (scopes: string | string[], options?: GetTokenOptions): Promise<AccessToken | null> => {
    try {
      const token = await credential.getToken(scopes, options);
      state = { ready: true };
      return token;
    } catch (error) {
      state = notReady("the last sign-in to Azure failed; the log tells why");
      throw error;
    }
  };
  return { credential: { getToken }, readiness: () => state };
}

/** What the last request to ARM says of the way there. An answer that refuses something else is an answer. */
function watchAnswers(): { note(call: AzureCall): void; readiness(): Readiness } {
  let status = 200;
  return {
    note: (call) => {
      status = call.status;
    },
    readiness() {
      if (status === 0) return notReady("Azure did not answer the last request; the log tells why");
      if (status === 401) return notReady("Azure refused the controller's token at the last request");
      return { ready: true };
    },
  };
}

function notReady(reason: string): Readiness {
  return { ready: false, reason };
}

function toSettings(config: ControllerConfig): Settings {
  const { cloud, clusterId, alsoOwns, subscriptionId, resourceGroup, location, tenantId } = config;
  const isPublic = cloud.name === "AzurePublic";
  // blobfuse2 asks the public authority about any other one, which knows Microsoft's own clouds alone.
  const hasKnownAuthority = !isPublic && cloud.isPublicAuthority;
  return {
    clusterId,
    alsoOwns,
    subscriptionId,
    resourceGroup,
    location,
    tenantId,
    allowedResourceGroups: config.allowedResourceGroups,
    roleId: config.role ?? DATA_ROLE_ID,
    tenantOfSubscription: Object.fromEntries(
      config.storageTenants.map((each) => [each.subscriptionId.toLowerCase(), each.tenantId]),
    ),
    tokenAudience: cloud.tokenAudience,
    managesFederatedCredentials: config.managesFederatedCredentials,
    allowedNamespaces: config.allowedNamespaces,
    retainsOnDelete: config.onDelete === "retain",
    repairsDrift: config.repairsDrift,
    mountChecks: config.mountChecks,
    driverName: config.driverName,
    nodeDriver: config.nodeDriver,
    ...(!isPublic && { storageEndpointSuffix: cloud.storageSuffix }),
    ...(hasKnownAuthority && { aadEndpoint: cloud.authorityHost }),
  };
}
