/** The controller's own sign-in, by @azure/identity. */
import {
  AzureCliCredential,
  DefaultAzureCredential,
  EnvironmentCredential,
  ManagedIdentityCredential,
  type TokenCredential,
  WorkloadIdentityCredential,
} from "@azure/identity";
import { withDeadline } from "../concurrency/deadline.ts";
import { DriverError } from "../errors.ts";
import { toSignInFault } from "./sign-in-faults.ts";

export interface CredentialOptions {
  readonly kind: "default" | "workload-identity" | "managed-identity" | "environment" | "azure-cli";
  /** Entra's base URL. */
  readonly authorityHost: string;
  /** False for a custom cloud, which Entra's public list of authorities does not contain. */
  readonly isPublicAuthority: boolean;
  readonly tenantId: string;
  /** Default: AZURE_CLIENT_ID of the environment, as the workload identity webhook sets it. */
  readonly clientId?: string;
  /** File with the projected ServiceAccount token. Default: AZURE_FEDERATED_TOKEN_FILE. */
  readonly tokenFile?: string;
  /** Milliseconds for an answer. Default 8,000. */
  readonly timeoutMs?: number | undefined;
}

/** A credential that can be made to sign in again although it holds a token that looks valid. */
export interface RenewableCredential extends TokenCredential {
  forgetTokens(): void;
}

/** Where every token is refused, signing in for each refusal would only add to the load. */
const RENEW_INTERVAL_MS = 5_000;

/**
 * Entra's codes. @azure/identity reads the token's file again after 5 minutes, also when Entra has not accepted what it has read:
 * after the file was late, or the node's clock wrong, it would go on presenting the old one.
 */
const REFUSED = /\bAADSTS\d/;

/** Entra answers in a second; the Azure CLI takes a few. The SDK itself would wait forever for an answer that was lost. */
const SIGN_IN_TIMEOUT_MS = 8_000;

/** Signs in at the first request, not here. `now` in milliseconds, monotonic. */
export function createCredential(options: CredentialOptions, now: () => number): RenewableCredential {
  const { timeoutMs = SIGN_IN_TIMEOUT_MS } = options;
  let current = signInBy(options);
  let renewedAt = Number.NEGATIVE_INFINITY;
  // @azure/identity keeps its tokens for as long as its object exists, whether or not one was refused.
  const renew = () => {
    renewedAt = now();
    current = signInBy(options);
  };
  return {
    async getToken(scopes, tokenOptions) {
      const signIn = current;
      const asked = signIn.getToken(scopes, tokenOptions).catch((error: unknown) => {
        if (current === signIn && REFUSED.test(String(error))) renew();
        throw toSignInFault(error, options);
      });
      const token = await withDeadline(timeoutMs, asked, "late");
      if (token !== "late") return token;
      if (current === signIn) renew();
      const where = `signing in to Azure at ${options.authorityHost}`;
      const seconds = timeoutMs / 1000;
      throw new DriverError("DeadlineExceeded", `${where} failed (no answer within ${seconds} s); it is tried again`);
    },
    forgetTokens() {
      if (now() - renewedAt >= RENEW_INTERVAL_MS) renew();
    },
  };
}

function signInBy(options: CredentialOptions): TokenCredential {
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
