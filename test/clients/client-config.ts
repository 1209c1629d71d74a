// What a client program is configured with: ids, secrets and the names to use. No addresses.

/** The content of the file that is a client program's only argument. */
export interface ClientConfig {
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly location: string;
  /** Names of the storage account and the container that the client makes. */
  readonly account: string;
  readonly container: string;
  /** Whether the account is to have a hierarchical namespace; only the Go program knows it. */
  readonly hierarchical?: boolean;
  /** Owner of the subscription; signs in with a secret. */
  readonly administrator: { readonly clientId: string; readonly clientSecret: string };
  /** Signs in with a ServiceAccount's token, and is granted the container. */
  readonly workload: { readonly clientId: string; readonly principalId: string; readonly tokenFile: string };
  /** Signs in at the instance metadata service, and is granted nothing. */
  readonly machine: { readonly clientId: string; readonly principalId: string };
}
