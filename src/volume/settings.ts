/** The operator's decisions as the story of a volume sees them: `app/settings.ts` makes them from the configuration. */

/** A resource group. */
export interface Place {
  /** GUID of the subscription. */
  readonly subscriptionId: string;
  readonly resourceGroup: string;
}

/** What the operator has decided, as far as a volume depends on it. */
export interface Settings {
  /** Part of every name: two clusters never share an account. */
  readonly clusterId: string;
  /** Former cluster ids whose volumes this controller may delete. */
  readonly alsoOwns: readonly string[];
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly location: string;
  readonly tenantId: string;
  /** Further places that a class may name, beside the default one. */
  readonly allowedResourceGroups: readonly Place[];
  /** GUID of the role that workloads are granted. */
  readonly roleId: string;
  /** Tenants of subscriptions that are not in `tenantId`. */
  readonly tenantOfSubscription: Readonly<Record<string, string>>;
  /** Audience of federated credentials in this cloud. */
  readonly tokenAudience: string;
  /** Whether this controller writes missing federated credentials of identities that allow it by a tag. */
  readonly managesFederatedCredentials: boolean;
  /** Namespaces that may use classes with `identity: parameters`; empty: all. */
  readonly allowedNamespaces: readonly string[];
  /** Whether DeleteVolume keeps the container and takes only the access away. */
  readonly retainsOnDelete: boolean;
  /** Whether an account of ours that was opened is closed again. */
  readonly repairsDrift: boolean;
  /** Whether a volume that would lose what is written to it, or whose CSIDriver is wrong, is refused. */
  readonly mountChecks: "refuse" | "warn" | "off";
  /** Our own driver's name. */
  readonly driverName: string;
  /** Name of the CSIDriver object by which the kubelet treats our volumes; `""`: it is not looked at. */
  readonly nodeDriver: string;
  /** Blob endpoint suffix of the cloud when it is not the public one's: the node plugin is told. */
  readonly storageEndpointSuffix?: string;
  /** Entra endpoint for the node plugin in another cloud of Microsoft's; a custom cloud's is of no use to blobfuse2. */
  readonly aadEndpoint?: string;
}

/** Whether accounts may be made or deleted there. ARM ids compare without case. */
export function isAllowedPlace(settings: Settings, subscriptionId: string, resourceGroup: string): boolean {
  const wanted = `${subscriptionId}/${resourceGroup}`.toLowerCase();
  return allowedPlaces(settings).some(
    (place) => `${place.subscriptionId}/${place.resourceGroup}`.toLowerCase() === wanted,
  );
}

/** Every resource group in which accounts of ours may be. */
export function allowedPlaces({ subscriptionId, resourceGroup, allowedResourceGroups }: Settings): Place[] {
  return [{ subscriptionId, resourceGroup }, ...allowedResourceGroups];
}
