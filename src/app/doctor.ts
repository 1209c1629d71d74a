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
import type { Cluster } from "../volume/ports.ts";
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
  return inspection ?? createClusterInspection(config.kubeconfig, namespace);
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
  let signedIn: ReturnType<AzureInspection["signIn"]> | undefined;
  return {
    ...azure,
    signIn() {
      signedIn ??= azure.signIn();
      return signedIn;
    },
    permissionsAt: remembering(azure.permissionsAt),
  };
}
