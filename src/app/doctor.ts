/** Everything that the checks of `keyless-csi doctor` look at, built as the controller builds it. */
import { createAzureInspection } from "../azure/inspection/inspection.ts";
import { BLOB_ACCOUNTS } from "../backend/blob/account-shape.ts";
import { unseenWith } from "../backend/blob/shown-since.ts";
import { remembering } from "../concurrency/remembered.ts";
import type { ControllerConfig } from "../config/controller.ts";
import type {
  AzureInspection,
  ClusterInspection,
  DoctorContext,
  NeededRight,
  SentApiVersion,
} from "../doctor/ports.ts";
import { DriverError } from "../errors.ts";
import { NO_CLUSTER } from "../kubernetes/cluster.ts";
import { createClusterInspection } from "../kubernetes/inspection/inspection.ts";
import type { Logger } from "../telemetry/log.ts";
import { OTHER_API_VERSIONS, STORAGE_API_VERSIONS } from "../text/azure-api-versions.ts";
import { groupId } from "../volume/formats/arm-ids.ts";
import type { Cluster, Ports } from "../volume/ports.ts";
import { type Assembly, assemble } from "./assembly.ts";
import { createCredentials } from "./credentials.ts";

export interface DoctorOptions extends Pick<DoctorContext, "className" | "claim" | "now"> {
  readonly config: ControllerConfig;
  readonly log: Logger;
  readonly neededRights: readonly NeededRight[];
  /** Notified of each request to Azure. */
  readonly azureCalled: () => void;
  /** Where the controller runs; absent: the namespace of this pod, or of the kubeconfig's context. */
  readonly namespace?: string;
  /** Replace the configured cluster, for tests without an API server. */
  readonly cluster?: Cluster;
  readonly inspection?: ClusterInspection;
}

/** For an answer that shows whether Azure can be reached at all. */
const REACH_MS = 10_000;
/** One further attempt is enough to tell a fault that lasts from one that passes. */
const PATIENCE = { retryDelayMs: 100 };

export async function createDoctorContext(options: DoctorOptions): Promise<DoctorContext> {
  const { config, neededRights, className, claim, now } = options;
  const { clusterProblem, adapters } = await assembleAnyway(options);
  const { clientId } = config.credential;
  const cluster = adapters.ports.cluster.isConnected ? inspectionOf(options) : undefined;
  const { own } = createCredentials(config, () => performance.now());
  return {
    ...adapters,
    ports: listingOnce(adapters.ports),
    azure: askingOnce(
      createAzureInspection({
        arm: adapters.arm,
        shaping: BLOB_ACCOUNTS,
        storageApiVersion: config.cloud.storageApiVersion,
        credential: own,
        scope: config.cloud.armScope,
        timeoutMs: REACH_MS,
      }),
    ),
    ...(cluster !== undefined && { cluster }),
    neededRights,
    apiVersions: sentVersions(config),
    identityScopes: config.identityScopes.map(({ subscriptionId, resourceGroup }) =>
      resourceGroup === undefined ? `/subscriptions/${subscriptionId}` : groupId({ subscriptionId, resourceGroup }),
    ),
    now,
    ...(clientId !== undefined && { controllerClientId: clientId }),
    ...(clusterProblem !== undefined && { clusterProblem }),
    ...(className !== undefined && { className }),
    ...(claim !== undefined && { claim }),
  };
}

function inspectionOf({ config, inspection, namespace }: DoctorOptions): ClusterInspection {
  return askingClusterOnce(inspection ?? createClusterInspection(config.kubeconfig, namespace));
}

/** One type for each provider: all of its types know the same versions, as far as the controller uses them. */
function sentVersions({ cloud }: ControllerConfig): readonly SentApiVersion[] {
  const others = [
    ["Microsoft.Authorization", "roleAssignments"],
    ["Microsoft.ManagedIdentity", "userAssignedIdentities"],
  ] as const;
  return [
    {
      provider: "Microsoft.Storage",
      type: "storageAccounts",
      sent: cloud.storageApiVersion,
      older: STORAGE_API_VERSIONS,
      hiddenBy: unseenWith,
    },
    ...others.map(([provider, type]) => {
      const older: readonly string[] = OTHER_API_VERSIONS[provider];
      return { provider, type, sent: older.at(-1) ?? "", older, hiddenBy: () => [] };
    }),
  ];
}

/** A cluster that does not answer is a finding, and what there is to say of Azure is said all the same. */
async function assembleAnyway({
  config,
  log,
  cluster,
  azureCalled,
}: DoctorOptions): Promise<Pick<Assembly, "adapters"> & { readonly clusterProblem?: DriverError }> {
  const options = { config, log, patience: PATIENCE, observer: { azureCalled } };
  try {
    return await assemble({ ...options, ...(cluster && { cluster }) });
  } catch (error) {
    if (!(error instanceof DriverError)) throw error;
    return { ...(await assemble({ ...options, cluster: NO_CLUSTER })), clusterProblem: error };
  }
}

/** Several checks ask the same, and an answer holds for as long as the command runs. */
function askingOnce(azure: AzureInspection): AzureInspection {
  return { ...azure, signIn: once(azure.signIn), permissionsAt: onceFor(azure.permissionsAt) };
}

/** The same of the accounts that volumes are in. */
function listingOnce(ports: Ports): Ports {
  return { ...ports, accounts: { ...ports.accounts, list: onceFor(ports.accounts.list) } };
}

/** The same of the cluster. */
function askingClusterOnce(cluster: ClusterInspection): ClusterInspection {
  return {
    ...cluster,
    listNodes: once(cluster.listNodes),
    listClasses: once(cluster.listClasses),
    listDeployments: onceFor(cluster.listDeployments),
    findClaim: onceFor(cluster.findClaim),
    listPodsUsing: onceFor(cluster.listPodsUsing),
  };
}

function once<T>(ask: () => Promise<T>): () => Promise<T> {
  const asked = onceFor((_: null) => ask());
  return () => asked(null);
}

/** `Asked` as JSON carries it. */
function onceFor<Asked, T>(ask: (asked: Asked) => Promise<T>): (asked: Asked) => Promise<T> {
  const find = remembering((json) => ask(JSON.parse(json) as Asked));
  return (asked) => find(JSON.stringify(asked));
}
