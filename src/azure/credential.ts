/** The controller's own sign-in, by @azure/identity. */
import {
  AzureCliCredential,
  DefaultAzureCredential,
  EnvironmentCredential,
  ManagedIdentityCredential,
  type TokenCredential,
  WorkloadIdentityCredential,
} from "@azure/identity";

export interface CredentialOptions {
  readonly kind: "default" | "workload-identity" | "managed-identity" | "environment" | "azure-cli";
  /** Entra's base URL. */
  readonly authorityHost: string;
  /** False for a custom cloud, of which Entra's public list of authorities knows nothing. */
  readonly isPublicAuthority: boolean;
  readonly tenantId: string;
  /** Default: AZURE_CLIENT_ID of the environment, as the workload identity webhook sets it. */
  readonly clientId?: string;
  /** File with the projected ServiceAccount token. Default: AZURE_FEDERATED_TOKEN_FILE. */
  readonly tokenFile?: string;
}

/** Signs in at the first request, not here. */
export function createCredential(options: CredentialOptions): TokenCredential {
  const { tenantId, clientId, tokenFile } = options;
  const authority = { authorityHost: options.authorityHost, disableInstanceDiscovery: !options.isPublicAuthority };
  switch (options.kind) {
    case "workload-identity":
      return new WorkloadIdentityCredential({
        ...authority,
        tenantId,
        ...(clientId !== undefined && { clientId }),
        ...(tokenFile !== undefined && { tokenFilePath: tokenFile }),
      });
    case "managed-identity":
      return clientId === undefined ? new ManagedIdentityCredential() : new ManagedIdentityCredential({ clientId });
    case "environment":
      return new EnvironmentCredential(authority);
    case "azure-cli":
      return new AzureCliCredential({ tenantId });
    case "default":
      return new DefaultAzureCredential({ ...authority, tenantId });
  }
}
