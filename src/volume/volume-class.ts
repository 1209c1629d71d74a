/** What a StorageClass asks for, typed: `class-parameters.ts` reads it, the plan and every step go by it. */

/** What a class asks for. Absent means that it does not say: such values stay out of the pool key. */
export interface VolumeClass {
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly location: string;
  readonly skuName?: string;
  readonly accessTier?: string;
  readonly isHnsEnabled?: boolean;
  /** The same, as blobfuse2 calls it. It shapes nothing: it only must not contradict what the account is. */
  readonly blobStorageAccountType?: "block" | "adls";
  readonly publicNetworkAccess?: string;
  readonly requireInfrastructureEncryption?: boolean;
  readonly softDeleteBlobsDays?: number;
  readonly softDeleteContainersDays?: number;
  readonly tags: Readonly<Record<string, string>>;
  /** An account that the administrator has made; absent: the controller makes one. */
  readonly storageAccount?: string;
  /** Whose identity opens the volume: the one that the class names, or that of the claim's ServiceAccount. */
  readonly identity: "parameters" | "serviceAccount";
  /** With `identity: parameters` always there. */
  readonly clientId?: string;
  readonly tenantId: string;
  readonly principalId?: string;
  readonly defaultServiceAccount?: string;
  readonly isolation: "pool" | "namespace" | "volume";
  readonly poolSize: number;
  readonly grantScope: "container" | "account";
  /** The administrator knows what blobfuse2's file cache does, and wants it. */
  readonly acceptsFileCache: boolean;
  /** What the node plugin is told, by its own key names. */
  readonly mount: Readonly<Record<string, string>>;
}
