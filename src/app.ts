/**
 * The composition root: builds every part from the configuration, starts the service, drains and stops it. Nothing else
 * knows all the parts.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import type { AccessToken, GetTokenOptions, TokenCredential } from "@azure/identity";
import { createAccounts } from "./azure/accounts.ts";
import { createArm } from "./azure/arm.ts";
import { createContainers } from "./azure/containers.ts";
import { createCredential } from "./azure/credential.ts";
import { createIdentities } from "./azure/identities.ts";
import { createRoleAssignments } from "./azure/role-assignments.ts";
import type { ControllerConfig } from "./config/controller.ts";
import { createControllerService } from "./csi/controller.ts";
import { createFlights } from "./csi/flights.ts";
import { createIdentityService } from "./csi/identity.ts";
import { createCsiServer } from "./csi/server.ts";
import { createCluster, NO_CLUSTER } from "./kubernetes/cluster.ts";
import { type HealthServer, type Readiness, startHealthServer } from "./telemetry/health.ts";
import type { Logger } from "./telemetry/log.ts";
import { createMetrics } from "./telemetry/metrics.ts";
import { type AppObserver, createAppObserver, joinObservers } from "./telemetry/observer.ts";
import { VERSION } from "./version.ts";
import { DATA_ROLE_ID } from "./volume/names.ts";
import type { Cluster, Ports, Settings } from "./volume/ports.ts";

export interface AppOptions {
  readonly config: ControllerConfig;
  readonly log: Logger;
  /** Told of everything beside log and metrics: the demo's display. */
  readonly observer?: Partial<AppObserver>;
  /** Asked instead of the configured cluster: for tests without an API server. */
  readonly cluster?: Cluster;
}

export interface App {
  /** Where health and metrics are served, when they are. */
  readonly health: { readonly host: string; readonly port: number } | undefined;
  /** Accepts nothing more, lets what is in flight finish within the grace period, and says whether it did. */
  stop(): Promise<"finished" | "abandoned">;
}

/** Serving when it resolves. Throws a DriverError when the socket or the health address cannot be had. */
export async function startApp({ config, log, observer, cluster }: AppOptions): Promise<App> {
  const metrics = createMetrics(config.driverName, VERSION);
  const own = createAppObserver({ log, metrics, calls: new AsyncLocalStorage() });
  const observing = observer === undefined ? own : joinObservers(own, observer);
  const signIn = watchSignIn(createCredentialFor(config));
  const ports = createPorts(config, signIn.credential, observing, cluster ?? createClusterFor(config));
  const flights = createFlights();
  metrics.watchInFlight(flights.count);
  let isServing = false;
  const server = createCsiServer({
    identity: createIdentityService({ driverName: config.driverName, version: VERSION, isReady: () => isServing }),
    controller: createControllerService({ ports, settings: toSettings(config), flights }),
    observer: observing,
  });
  const readiness = () => (isServing ? signIn.readiness() : notReady("the service is starting or draining"));
  const health = config.http && (await startHealthServer({ ...config.http, metrics, readiness }));
  await server.listen(config.socketPath);
  isServing = true;
  // Told early by /readyz and the log; a volume's own error says it again.
  signIn.credential.getToken(config.cloud.armScope).catch((error) => log.error("sign-in to Azure failed", { error }));
  return {
    health: health && { host: health.host, port: health.port },
    async stop() {
      isServing = false;
      const finished = Promise.all([server.drain(), flights.idle()]).then(() => "finished" as const);
      const outcome = await within(config.gracePeriodMs, finished);
      server.destroy();
      await closeHealth(health);
      return outcome ?? "abandoned";
    },
  };
}

function createPorts(
  config: ControllerConfig,
  credential: TokenCredential,
  observing: AppObserver,
  cluster: Cluster,
): Ports {
  const now = () => performance.now();
  const { armEndpoint: endpoint, armScope: scope } = config.cloud;
  const abroad = createCredentialsAbroad(config);
  const credentialFor = (subscriptionId: string) => abroad.get(subscriptionId) ?? credential;
  const arm = createArm({ credentialFor, endpoint, scope, observeCall: observing.azureCalled, now });
  const accounts = createAccounts({ arm, rememberMs: config.accountCacheMs, now, sleep: (ms) => sleep(ms) });
  return {
    accounts,
    containers: createContainers({ arm, forgetAccount: accounts.forget }),
    roleAssignments: createRoleAssignments({ arm, rememberMs: config.identityCacheMs, now }),
    identities: createIdentities({
      arm,
      scopes: config.identityScopes,
      rememberMs: config.identityCacheMs,
      now,
    }),
    cluster,
    observer: observing,
  };
}

function createClusterFor({ kubernetes, kubeconfig, oidcIssuer }: ControllerConfig): Cluster {
  const isInCluster = process.env["KUBERNETES_SERVICE_HOST"] !== undefined;
  const isWanted = kubernetes === "on" || (kubernetes === "auto" && (kubeconfig !== undefined || isInCluster));
  return isWanted ? createCluster({ kubeconfig, oidcIssuer }) : NO_CLUSTER;
}

function createCredentialFor({ credential, cloud, tenantId }: ControllerConfig): TokenCredential {
  const { kind, ...own } = credential;
  return createCredential({
    ...own,
    kind: kind === "cloud-file" ? "workload-identity" : kind,
    authorityHost: cloud.authorityHost,
    isPublicAuthority: cloud.isPublicAuthority,
    tenantId,
  });
}

/** In each storage tenant an identity trusts the controller's own ServiceAccount: the same token is exchanged there. */
function createCredentialsAbroad({
  credential,
  cloud,
  storageTenants,
}: ControllerConfig): Map<string, TokenCredential> {
  const { authorityHost, isPublicAuthority } = cloud;
  const own = credential.tokenFile === undefined ? {} : { tokenFile: credential.tokenFile };
  const entries = storageTenants.map(({ subscriptionId, tenantId, clientId }) => {
    const kind = "workload-identity" as const;
    return [
      subscriptionId,
      createCredential({ ...own, kind, authorityHost, isPublicAuthority, tenantId, clientId }),
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

function notReady(reason: string): Readiness {
  return { ready: false, reason };
}

function toSettings(config: ControllerConfig): Settings {
  const { cloud, clusterId, alsoOwns, subscriptionId, resourceGroup, location, tenantId } = config;
  const isPublic = cloud.name === "AzurePublic";
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
    ...(!isPublic && { storageEndpointSuffix: cloud.storageSuffix, aadEndpoint: cloud.authorityHost }),
  };
}

async function within<T>(milliseconds: number, work: Promise<T>): Promise<T | undefined> {
  const timer = new AbortController();
  const timeout = sleep(milliseconds, undefined, { signal: timer.signal }).catch(() => undefined);
  const result = await Promise.race([work, timeout]);
  timer.abort();
  return result;
}

async function closeHealth(health: HealthServer | undefined): Promise<void> {
  await health?.close();
}
