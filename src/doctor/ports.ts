/**
 * What checks ask, besides what the stories of a volume ask by volume/ports.ts. `azure/inspection/` and `kubernetes/inspection/`
 * implement it. Reads only; a foreign failure is thrown as a DriverError.
 */

import type { Backend } from "../backend/backend.ts";
import type { DriverError } from "../errors.ts";
import type { ClaimRef, ClusterClass, Ports, ResourceGroupRef, Settings } from "../volume/ports.ts";
import type { AzureSurroundings, SentApiVersion } from "./azure-ports.ts";

export type {
  AzureSurroundings,
  Lock,
  PolicyRefusal,
  PolicyVerdict,
  ProviderState,
  Quota,
  SentApiVersion,
} from "./azure-ports.ts";

/** What a token for ARM says of its bearer (Entra, "Access token claims reference"). */
export interface SignedIn {
  /** `tid`: the tenant that issued it. */
  readonly tenantId: string;
  /** `oid`: object id of the principal, which role assignments name. */
  readonly principalId: string;
  /** `appid` or `azp`: client id; absent for a person. */
  readonly clientId?: string;
  /** `aud` */
  readonly audience: string;
}

export interface Subscription {
  /** `Enabled`, `Warned`, `PastDue`, `Disabled` or `Deleted`. */
  readonly state: string;
  readonly tenantId?: string;
}

/** What one role gives at a scope: actions with `*`, less the excluded ones (REST, Permissions - List). */
export interface Permission {
  readonly actions: readonly string[];
  readonly notActions: readonly string[];
  /** Of the role assignment that gives them. */
  readonly condition?: string;
}

export interface AzureInspection extends AzureSurroundings {
  /** ARM's address, for messages. */
  readonly armEndpoint: string;
  /** ARM's clock by an answer that needs no token, in milliseconds since 1970. Throws Unavailable when ARM cannot be reached. */
  readClock(): Promise<number>;
  /** Throws what keeps the controller from signing in. */
  signIn(): Promise<SignedIn>;
  /** Undefined when there is none, or none that the one who asks may see. */
  findSubscription(subscriptionId: string): Promise<Subscription | undefined>;
  /**
   * What the one who asks may do at the scope. `"hidden"`: that may not be asked for; `"absent"`: no such subscription or resource
   * group.
   */
  permissionsAt(scope: string): Promise<readonly Permission[] | "hidden" | "absent">;
  /** Whether the resource group exists, by looking for an account in it; `"hidden"` without the right to. */
  probeGroup(group: ResourceGroupRef): Promise<"exists" | "absent" | "hidden">;
}

/** A Deployment or DaemonSet. */
export interface Workload {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Pods that there should be, and that are ready. */
  readonly wanted: number;
  readonly ready: number;
  readonly serviceAccount: string;
  readonly containers: readonly { readonly name: string; readonly image: string; readonly args: readonly string[] }[];
}

export interface AdmissionPolicy {
  readonly name: string;
  /** It is bound so that what it refuses is refused, or what it changes is changed. */
  readonly isInForce: boolean;
  /** Its expressions, to see which drivers it is about. */
  readonly text: string;
}

/** A StorageClass of any driver, as it was written. */
export interface InspectedClass extends ClusterClass {
  readonly mountOptions: readonly string[];
  /** `WaitForFirstConsumer` */
  readonly isBoundLate: boolean;
  readonly isExpandable: boolean;
}

/** A claim as Kubernetes shows it to people. */
export interface InspectedClaim {
  readonly uid: string;
  /** `Pending`, `Bound` or `Lost`. */
  readonly phase: string;
  /** Kubernetes' names: `ReadWriteMany` and so on. */
  readonly accessModes: readonly string[];
  readonly isBlock: boolean;
  readonly className?: string;
  /** The PersistentVolume that it is bound to, or asks for. */
  readonly volumeName?: string;
  /** Reason and message. */
  readonly lastEvent?: string;
}

/** A pod that uses a claim. */
export interface InspectedPod {
  readonly name: string;
  readonly serviceAccount: string;
  /** Absent until it is scheduled. */
  readonly node?: string;
}

export interface ServiceAccountRef {
  readonly namespace: string;
  readonly name: string;
}

/** A right by RBAC. `resource` may have a subresource behind a slash. */
export interface ClusterRight {
  /** `""` is the core group. */
  readonly group: string;
  readonly resource: string;
  readonly verb: string;
  /** Absent: everywhere. */
  readonly namespace?: string;
  /** Absent: every object. */
  readonly name?: string;
}

/** Every read throws Forbidden where the right to it is missing. */
export interface ClusterInspection {
  /** Where the controller runs. */
  readonly namespace: string;
  /** `v1.37.2` */
  readVersion(): Promise<string>;
  listDeployments(namespace: string): Promise<readonly Workload[]>;
  listDaemonSets(namespace: string): Promise<readonly Workload[]>;
  listValidatingPolicies(): Promise<readonly AdmissionPolicy[]>;
  listMutatingPolicies(): Promise<readonly AdmissionPolicy[]>;
  /** The nodes, each with the CSI drivers that its kubelet has. */
  listNodes(): Promise<readonly { readonly name: string; readonly drivers: readonly string[] }[]>;
  listClasses(): Promise<readonly InspectedClass[]>;
  findClaim(ref: ClaimRef): Promise<InspectedClaim | undefined>;
  /** In whatever phase. */
  listPodsUsing(claim: ClaimRef): Promise<readonly InspectedPod[]>;
  /** `spec.csi.driver`, `""` for a volume that is not CSI's. Throws NotFound. */
  readDriverOf(volume: string): Promise<string>;
  mayDo(account: ServiceAccountRef, right: ClusterRight): Promise<boolean>;
}

/** One action that the controller needs at a scope. */
export interface NeededRight {
  readonly action: string;
  /** What it is for, as a clause. */
  readonly why: string;
  /** ARM id of a subscription or resource group. */
  readonly scope: string;
  /** What prints a role that has it, and its assignment, for an administrator to apply. */
  readonly command: string;
}

export interface DoctorContext {
  readonly settings: Settings;
  readonly ports: Ports;
  readonly backend: Backend;
  readonly azure: AzureInspection;
  /** Client id that the controller signs in with; absent where the configuration leaves it to the environment. */
  readonly controllerClientId?: string;
  /** Why there is no connection to the cluster that the configuration names. */
  readonly clusterProblem?: DriverError;
  /** Absent without a cluster. */
  readonly cluster?: ClusterInspection;
  readonly neededRights: readonly NeededRight[];
  readonly apiVersions: readonly SentApiVersion[];
  /** Subscriptions and resource groups with workload identities, as `--identity-scopes` has them. */
  readonly identityScopes: readonly string[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** `--class`: the only class to look at. */
  readonly className?: string;
  /** `--claim` */
  readonly claim?: ClaimRef;
}
