/** The operator's decisions as the story of a volume sees them: `app/settings.ts` makes them from the configuration. */

/** A resource group in a subscription. */
export interface ResourceGroupRef {
  /** GUID of the subscription. */
  readonly subscriptionId: string;
  readonly resourceGroup: string;
}

/** A cluster as Azure's resources name it: the id that people choose, and its mark where they carry one. */
export interface ClusterIdentity {
  readonly clusterId: string;
  readonly clusterUid?: string;
}

/** What the operator has decided, as far as a volume depends on it. */
export interface Settings {
  /** Part of every name: two clusters never share an account. */
  readonly clusterId: string;
  /**
   * The cluster's mark: UID of its namespace kube-system, which nobody types, so that two clusters of one id differ.
   * In tags, metadata and descriptions, in no name. Absent without Kubernetes.
   */
  readonly clusterUid?: string;
  /** Former clusters whose volumes this controller has taken over. */
  readonly alsoOwns: readonly ClusterIdentity[];
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly location: string;
  readonly tenantId: string;
  /** Further resource groups that a class may name, besides the default one. */
  readonly allowedResourceGroups: readonly ResourceGroupRef[];
  /**
   * Where classes that state no place of their own go on when a quota is met, in this order. Of the tenant of `subscriptionId`: an
   * identity can be given access in its own tenant only.
   */
  readonly overflow: readonly ResourceGroupRef[];
  /** GUID of the role that workloads are assigned. */
  readonly roleId: string;
  /** GUID of the role that they are assigned as long as `roleId` does not exist: see `default-roles.ts`. */
  readonly earlierRoleId?: string;
  /** Prefix of the roles that `keyless-csi roles` prints for this controller; absent where `--role` names others. */
  readonly rolePrefix?: string;
  /** GUIDs of the roles that workloads were assigned before: older volumes are opened by them still. */
  readonly formerRoleIds: readonly string[];
  /** Tenants of subscriptions that are not in `tenantId`. */
  readonly tenantOfSubscription: Readonly<Record<string, string>>;
  /** Audience of federated credentials in this cloud. */
  readonly tokenAudience: string;
  /** Whether this controller writes missing federated credentials of identities that allow it by a tag. */
  readonly managesFederatedCredentials: boolean;
  /** Namespaces that may use classes with `identity: parameters`; empty: all. */
  readonly allowedNamespaces: readonly string[];
  /** Whether DeleteVolume keeps the data and removes only the access to it. */
  readonly retainsOnDelete: boolean;
  /** Whether an account that is no longer keyless is made keyless again. */
  readonly repairsDrift: boolean;
  /** Whether a volume that would lose what is written to it, or whose CSIDriver is wrong, is refused. */
  readonly mountChecks: "refuse" | "warn" | "off";
  /** Our own driver's name. */
  readonly driverName: string;
  /** Name of the CSIDriver object that tells the kubelet how to mount our volumes; `""`: it is not checked. */
  readonly nodeDriver: string;
  /** Storage endpoint suffix of a cloud other than the public one, for the node plugin. */
  readonly storageEndpointSuffix?: string;
  /** Entra endpoint for the node plugin in Microsoft's other clouds; absent in a custom cloud, which blobfuse2 cannot use. */
  readonly aadEndpoint?: string;
}

/** The settings that say where accounts may be. */
export type PlaceSettings = Pick<Settings, "subscriptionId" | "resourceGroup" | "allowedResourceGroups" | "overflow">;

/** Whether the operator lets this controller create and delete accounts there. ARM ids compare without case. */
export function isAllowedGroup(settings: Settings, { subscriptionId, resourceGroup }: ResourceGroupRef): boolean {
  const wanted = groupKey({ subscriptionId, resourceGroup });
  return allowedGroups(settings).some((group) => groupKey(group) === wanted);
}

/** Every resource group that may hold accounts of this controller: once each, however often the settings name it. */
export function allowedGroups({ subscriptionId, resourceGroup, ...further }: PlaceSettings): ResourceGroupRef[] {
  const named = [{ subscriptionId, resourceGroup }, ...further.allowedResourceGroups, ...further.overflow];
  const keys = named.map(groupKey);
  return named.filter((_, index) => keys.indexOf(keys[index] ?? "") === index);
}

/** Their subscriptions, in lower case: once each. */
export function allowedSubscriptions(settings: PlaceSettings): string[] {
  return [...new Set(allowedGroups(settings).map(({ subscriptionId }) => subscriptionId.toLowerCase()))];
}

/** The group's name in lower case, for maps: ARM compares ids without case. */
export function groupKey({ subscriptionId, resourceGroup }: ResourceGroupRef): string {
  return `${subscriptionId}/${resourceGroup}`.toLowerCase();
}

/** The tenant of a subscription. */
export function tenantOf({ tenantOfSubscription, tenantId }: Settings, subscriptionId: string): string {
  return tenantOfSubscription[subscriptionId.toLowerCase()] ?? tenantId;
}

/** This cluster, as what it creates names it. */
export function clusterOf({ clusterId, clusterUid }: Settings): ClusterIdentity {
  return { clusterId, ...(clusterUid !== undefined && { clusterUid }) };
}
