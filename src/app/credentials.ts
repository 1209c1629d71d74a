/** How the controller signs in: at its own tenant, and at the tenants that other subscriptions belong to. */
import { createCredential, type RenewableCredential } from "../azure/credential.ts";
import type { ControllerConfig } from "../config/controller.ts";

/** One credential for each tenant that holds storage. */
export interface Credentials {
  readonly own: RenewableCredential;
  /** By the subscription's id. */
  readonly abroad: ReadonlyMap<string, RenewableCredential>;
  /** Signs in again at the next request, everywhere. */
  forgetTokens(): void;
}

/** Signs in at the first request, not here. `timeoutMs` is for each answer. */
export function createCredentials(config: ControllerConfig, now: () => number, timeoutMs?: number): Credentials {
  const own = createOwnCredential(config, now, timeoutMs);
  const abroad = createCredentialsAbroad(config, now, timeoutMs);
  return {
    own,
    abroad,
    forgetTokens() {
      for (const each of [own, ...abroad.values()]) each.forgetTokens();
    },
  };
}

function createOwnCredential(
  { credential, cloud, tenantId }: ControllerConfig,
  now: () => number,
  timeoutMs: number | undefined,
) {
  const { kind: configured, ...own } = credential;
  const { authorityHost, isPublicAuthority } = cloud;
  const kind = configured === "cloud-file" ? "workload-identity" : configured;
  return createCredential({ ...own, kind, authorityHost, isPublicAuthority, tenantId, timeoutMs }, now);
}

/** In each storage tenant an identity trusts the controller's own ServiceAccount: the same token is exchanged there. */
function createCredentialsAbroad(
  { credential, cloud, storageTenants }: ControllerConfig,
  now: () => number,
  timeoutMs: number | undefined,
): ReadonlyMap<string, RenewableCredential> {
  const { authorityHost, isPublicAuthority } = cloud;
  const { tokenFile } = credential;
  return new Map(
    storageTenants.map(({ subscriptionId, tenantId, clientId }) => {
      const options = {
        kind: "workload-identity",
        authorityHost,
        isPublicAuthority,
        tenantId,
        clientId,
        timeoutMs,
      } as const;
      return [subscriptionId, createCredential({ ...options, ...(tokenFile !== undefined && { tokenFile }) }, now)];
    }),
  );
}
