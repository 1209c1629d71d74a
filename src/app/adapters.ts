/**
 * The adapters behind the ports of `volume/`, built from the configuration: Azure's and Kubernetes' clients, and the sign-in
 * that they share.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { createAccessReads } from "../azure/access-reads.ts";
import { createAccounts } from "../azure/accounts.ts";
import { type ApiVersionFallback, createApiVersions } from "../azure/api-versions.ts";
import { type Arm, type AzureCall, createArm } from "../azure/arm.ts";
import type { AzureWrite } from "../azure/audit.ts";
import { createBlobService } from "../azure/blob-service.ts";
import { type BudgetState, createBudget } from "../azure/budget/budget.ts";
import { createIdentities } from "../azure/identities.ts";
import { createRoleAssignments } from "../azure/role-assignments.ts";
import type { TimeLimits } from "../azure/time-limits.ts";
import type { Backend } from "../backend/backend.ts";
import { BLOB_ACCOUNTS } from "../backend/blob/account-shape.ts";
import { blobBackend } from "../backend/blob/backend.ts";
import { createOnDataPlane } from "../backend/blob/create-on-data-plane.ts";
import { createFileSystems } from "../backend/blob/file-systems.ts";
import { unseenWith } from "../backend/blob/shown-since.ts";
import type { BackgroundObserver } from "../concurrency/background.ts";
import { createFollowUps, type FollowUps } from "../concurrency/follow-ups.ts";
import { currentPurpose, runFor } from "../concurrency/purpose.ts";
import { createReadersWriterLock } from "../concurrency/readers-writer-lock.ts";
import type { Time } from "../concurrency/time.ts";
import { blobEndpointOf, type Cloud } from "../config/cloud.ts";
import type { ControllerConfig } from "../config/controller.ts";
import { createCluster, NO_CLUSTER } from "../kubernetes/cluster.ts";
import type { Readiness } from "../telemetry/health.ts";
import { rememberRoleAssignments } from "../volume/access/remembered-assignments.ts";
import { rolesCommand } from "../volume/default-roles.ts";
import type { Cluster, Observer, Ports, Settings } from "../volume/ports.ts";
import { readClusterMark } from "./cluster-mark.ts";
import { createCredentials } from "./credentials.ts";
import { OWN_TIME } from "./own-time.ts";
import { readyWhenAll, watchAnswers, watchSignIn } from "./readiness.ts";
import { toSettings } from "./settings.ts";
import { type Usage, usageOf } from "./usage.ts";

/** Notified of what the use cases do and of every call to Azure. */
export interface AdaptersObserver extends Observer, Pick<BackgroundObserver, "inTask" | "taskDone" | "taskFailed"> {
  azureCalled(call: AzureCall): void;
  /** Once for each provider and version; `unseen`: what is checked on accounts and not shown by the older version. */
  olderVersionUsed(fallback: ApiVersionFallback, unseen: readonly string[]): void;
  azureWritten(write: AzureWrite): void;
  /** The metrics lack the number of storage accounts there, since the controller may not read it. */
  accountsNotCounted(region: { readonly subscriptionId: string; readonly location: string }): void;
  /** GUID of the call or of the run of a task that goes on; undefined outside of both. */
  currentCallId(): string | undefined;
}

/** Everything that a use case needs, and the state of the connection to Azure. */
export interface Adapters extends Usage {
  readonly ports: Ports;
  readonly settings: Settings;
  /** The kind of storage that volumes are made of. */
  readonly backend: Backend;
  /** Whether the last sign-in worked and the last request to Azure was answered. */
  readonly readiness: () => Readiness;
  /** Whether the last sign-in worked. */
  readonly isSignedIn: () => boolean;
  /**
   * Runs what no volume waits for: its calls to Azure give way to those of volumes, and one that gets no answer leaves
   * `readiness` as it is.
   */
  inBackground<T>(work: () => Promise<T>): Promise<T>;
  /** What Azure still allows of each limit that was drawn on. */
  readonly budgetStates: () => readonly BudgetState[];
  /** The connection behind the ports, for a command that looks at more of Azure than volumes do. */
  readonly arm: Arm;
  /** Signs in now, to find out early. Rejects with what the credential says. */
  signIn(): Promise<void>;
}

/** What decides the connection to the cluster, beside the configuration. */
export interface ClusterOptions {
  /** Replaces the configured cluster, for tests without an API server. */
  readonly cluster?: Cluster | undefined;
  /** Milliseconds before each further attempt at reading the cluster's mark; none: the first failure is final. */
  readonly markPausesMs?: readonly number[] | undefined;
}

/** How long Azure is waited for, where it does not say so itself; absent: as in production. */
export interface Patience {
  /** Milliseconds before the SDKs' first retry. */
  readonly retryDelayMs?: number;
  /** Of requests to Azure. */
  readonly timeLimits?: TimeLimits;
  /** Milliseconds for an answer to a sign-in. */
  readonly signInMs?: number;
}

/** Milliseconds, monotonic. */
export interface Clock {
  readonly now: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
}

export interface AdaptersOptions extends ClusterOptions {
  /** Shortens waits, for tests of what happens after them. */
  readonly patience?: Patience | undefined;
  /** What calls to Azure wait by, for tests; absent: the process's own clock. */
  readonly clock?: Clock | undefined;
  /** What checks behind CreateVolume wait by, for tests; absent: the process's own clock. */
  readonly time?: Time | undefined;
}

/** How long a full subscription is taken for full. Without further places each volume asks Azure for an account itself. */
const WITHOUT_OVERFLOW = { accountsMs: 0, assignmentsMs: 60_000 };
/**
 * Longer than csi-provisioner's longest pause (5 minutes): a volume that waits for a role assignment in a full subscription tries
 * again before, so that it alone finds out about room, and no other one gets stuck there.
 */
const WITH_OVERFLOW = { accountsMs: 60_000, assignmentsMs: 600_000 };

/** Asks the cluster for its mark; signs in to Azure at the first use, not here. */
export async function createAdapters(
  config: ControllerConfig,
  observer: AdaptersObserver,
  options: AdaptersOptions = {},
): Promise<Adapters> {
  const { cluster: configured, markPausesMs: pausesMs = [], patience = {}, time: waiting = OWN_TIME } = options;
  const cluster = configured ?? connectCluster(config, () => performance.now());
  const clusterUid = await readClusterMark(cluster, { pausesMs, sleep });
  const settings = toSettings(config, blobBackend, clusterUid);
  const time = options.clock ?? { now: () => performance.now(), sleep: (ms: number) => sleep(ms) };
  const { now } = time;
  const { arm, metricsArm, blob, ...connection } = connect(config, observer, time, patience);
  const rememberMs = config.accountCacheMs;
  const room = config.overflow.length === 0 ? WITHOUT_OVERFLOW : WITH_OVERFLOW;
  const accounts = createAccounts({ arm, shaping: BLOB_ACCOUNTS, rememberMs, fullMs: room.accountsMs, ...time });
  const ports: Ports = {
    accounts,
    fileSystems: {
      ...createFileSystems({ arm, forgetAccount: accounts.forget, rememberMs, now }),
      ...(config.containerApi === "blob" && {
        create: createOnDataPlane({
          service: blob,
          endpointOf: (account) => blobEndpointOf(config.cloud, account),
          forgetAccount: accounts.forget,
        }),
      }),
    },
    roleAssignments: rememberRoleAssignments(
      createRoleAssignments({
        arm,
        roleIds: [settings.roleId, ...settings.formerRoleIds],
        rolesCommand: (subscriptionId) => rolesCommand(settings, subscriptionId),
        rememberMs: config.identityCacheMs,
        fullMs: room.assignmentsMs,
        now,
      }),
      { rememberMs, now },
    ),
    identities: createIdentities({ arm, scopes: config.identityScopes, rememberMs: config.identityCacheMs, now }),
    access: createAccessReads(arm),
    cluster,
    observer,
    accountLock: createReadersWriterLock(),
    followUps: followUpsFor(observer, waiting, connection.inBackground),
  };
  const usage = usageOf(config, { arm: metricsArm, accounts, observer, now });
  return { ports, settings, backend: blobBackend, arm, ...usage, ...connection };
}

/** Checks of the access that a volume was given: in the log as a task, and no volume waits for them. */
function followUpsFor(observer: AdaptersObserver, time: Time, inBackground: Adapters["inBackground"]): FollowUps {
  const { taskDone, taskFailed } = observer;
  const inTask = <T>(task: string, work: () => Promise<T>) => inBackground(() => observer.inTask(task, work));
  return createFollowUps({ task: "access-check", time, observer: { taskDone, taskFailed, inTask } });
}

/** ARM with the controller's credentials, for volumes and for metrics, and a watch on what volumes depend on. */
function connect(config: ControllerConfig, observer: AdaptersObserver, time: Clock, patience: Patience) {
  const { cloud } = config;
  const credentials = createCredentials(config, time.now, patience.signInMs);
  const signIn = watchSignIn(credentials.own);
  const answers = watchAnswers();
  const shared = {
    credentialFor: (subscriptionId: string) => credentials.abroad.get(subscriptionId) ?? signIn.credential,
    forgetTokens: credentials.forgetTokens,
    retryDelayMs: patience.retryDelayMs,
    timeLimits: patience.timeLimits,
    audit: { written: observer.azureWritten, correlationId: observer.currentCallId },
    ...time,
  };
  const common = {
    ...shared,
    endpoint: cloud.armEndpoint,
    scope: cloud.armScope,
    apiVersions: versionsOf(cloud, observer),
  };
  const budget = createBudget({ ...time, limits: cloud.requestLimits });
  const arm = createArm({
    ...common,
    budget,
    observeCall(call) {
      // Its lists may take longer than any request of a volume, and nothing else may follow for hours.
      if (call.status !== 0 || currentPurpose() !== "background") answers.note(call);
      observer.azureCalled(call);
    },
  });
  // Anybody may read the metrics: what becomes of their calls must neither hold up a volume nor make the service unready.
  const metricsArm = createArm({ ...common, givesWayTo: budget, observeCall: observer.azureCalled });
  // An account that cannot be reached says nothing of whether Azure can: readiness does not look at these calls.
  const blob = createBlobService({ ...shared, budget, observeCall: observer.azureCalled });
  return {
    arm,
    metricsArm,
    blob,
    readiness: readyWhenAll(signIn.readiness, answers.readiness),
    isSignedIn: () => signIn.readiness().ready,
    inBackground: <T>(work: () => Promise<T>) => runFor("background", work),
    budgetStates: budget.states,
    async signIn() {
      await signIn.credential.getToken(cloud.armScope);
    },
  };
}

function versionsOf({ storageApiVersion }: Cloud, observer: AdaptersObserver) {
  const unseenAt = ({ provider, to }: ApiVersionFallback) => (provider === "Microsoft.Storage" ? unseenWith(to) : []);
  return createApiVersions({
    storage: storageApiVersion,
    fellBack: (fallback) => observer.olderVersionUsed(fallback, unseenAt(fallback)),
  });
}

/** Whether there is a cluster, with `--kubernetes=auto` by the environment. */
export function usesKubernetes({ kubernetes, kubeconfig }: ControllerConfig): boolean {
  const isInCluster = process.env["KUBERNETES_SERVICE_HOST"] !== undefined;
  return kubernetes === "on" || (kubernetes === "auto" && (kubeconfig !== undefined || isInCluster));
}

function connectCluster(config: ControllerConfig, now: () => number): Cluster {
  const { kubeconfig, oidcIssuer } = config;
  const { readReferences } = blobBackend;
  return usesKubernetes(config) ? createCluster({ kubeconfig, oidcIssuer, readReferences, now }) : NO_CLUSTER;
}
