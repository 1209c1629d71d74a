/**
 * How slow and how strict the emulator is. The defaults are as fast and as lenient as Azure's protocol allows, so that
 * tests never wait; `REALISTIC_SETTINGS` has Azure's published figures.
 */

import type { Latency } from "./latency.ts";
import { ALL_VARIANTS, type AzureVariants, NO_VARIANTS } from "./variants.ts";

/** A bucket that holds `burst` calls and gains `perSecond` of them each second. */
export interface TokenBucket {
  readonly burst: number;
  readonly perSecond: number;
}

/** At most `calls` within any window of `seconds`. */
export interface CallWindow {
  readonly calls: number;
  readonly seconds: number;
}

/** Request limits; see `arm/front-door/limits.ts` for who is counted. */
export interface RequestLimits {
  /** ARM, per subscription (or tenant), principal and kind of operation. */
  readonly armReads: TokenBucket;
  readonly armWrites: TokenBucket;
  readonly armDeletes: TokenBucket;
  /** Storage resource provider, per subscription and region. All windows of a list must have room. */
  readonly storageReads: readonly CallWindow[];
  readonly storageWrites: readonly CallWindow[];
  readonly storageLists: readonly CallWindow[];
  /** Managed identity resource provider, per subscription, calls a second; see `arm/managed-identity/limits.ts`. */
  readonly identityWrites: TokenBucket;
  readonly identityDeletes: TokenBucket;
  readonly identityReads: TokenBucket;
  readonly identityLists: TokenBucket;
}

export interface EmulatorSettings extends AzureVariants {
  /** From the PUT of a new storage account until it is `Succeeded`. The PUT answers 202 with Location even when 0. */
  readonly accountCreationMs: number;
  /** Retry-After of an asynchronous operation, in seconds. Not 0: the Go and Python pollers read 0 as 30 s. */
  readonly operationRetryAfterSeconds: number;
  /** From a new account's `Succeeded` until its host name resolves; until then Blob answers as if it did not exist. */
  readonly accountDnsMs: number;
  /** From the PUT of a role assignment until it is honoured. */
  readonly propagationGrantMs: number;
  /** From the DELETE of a role assignment until it is no longer honoured. */
  readonly propagationRemovalMs: number;
  /** How long a new principal is unknown to role assignments that do not send principalType (PrincipalNotFound). */
  readonly principalReplicationMs: number;
  /** How long a deleted container's name is refused. Azure says at least 30 s; 0 lets tests reuse a name at once. */
  readonly containerDeleteMs: number;
  /** From the PUT of a federated credential until Entra accepts it (AADSTS70021 meanwhile). */
  readonly federationMs: number;
  /** How long a write of a federated credential locks its identity: a second one meanwhile is refused with 409. */
  readonly federatedWriteMs: number;
  /** Storage accounts per subscription and region. */
  readonly accountsPerRegion: number;
  /** Role assignments per subscription; Azure never raises it. */
  readonly roleAssignmentsPerSubscription: number;
  /** Federated credentials per identity. */
  readonly federatedCredentialsPerIdentity: number;
  /** Lifetime of an access token of an application, in seconds. */
  readonly accessTokenSeconds: number;
  /** Lifetime of an access token of a managed identity (IMDS), in seconds. */
  readonly managedIdentityTokenSeconds: number;
  /** Of every answer of Azure, by real time and not by the emulator's clock. Absent: none. */
  readonly callLatency?: Latency;
  /** Absent: no request is refused for its rate. */
  readonly limits?: RequestLimits;
}

export const DEFAULT_SETTINGS: EmulatorSettings = {
  accountCreationMs: 0,
  operationRetryAfterSeconds: 1,
  accountDnsMs: 0,
  propagationGrantMs: 0,
  propagationRemovalMs: 0,
  principalReplicationMs: 0,
  containerDeleteMs: 0,
  federationMs: 0,
  federatedWriteMs: 10,
  accountsPerRegion: 250,
  roleAssignmentsPerSubscription: 4000,
  federatedCredentialsPerIdentity: 20,
  accessTokenSeconds: 3600,
  managedIdentityTokenSeconds: 86_400,
  ...NO_VARIANTS,
};

/**
 * The published limits of ARM (request-limits-and-throttling), the storage resource provider
 * (scalability-targets-resource-provider) and the managed identity one (workload-identity-federation-considerations).
 */
export const AZURE_LIMITS: RequestLimits = {
  armReads: { burst: 250, perSecond: 25 },
  armWrites: { burst: 200, perSecond: 10 },
  armDeletes: { burst: 200, perSecond: 10 },
  storageReads: [{ calls: 800, seconds: 300 }],
  storageWrites: [
    { calls: 10, seconds: 1 },
    { calls: 1200, seconds: 3600 },
  ],
  storageLists: [{ calls: 100, seconds: 300 }],
  identityWrites: { burst: 2, perSecond: 2 },
  identityDeletes: { burst: 2, perSecond: 2 },
  identityReads: { burst: 10, perSecond: 10 },
  identityLists: { burst: 5, perSecond: 5 },
};

/**
 * How a real subscription behaves: latencies as commonly observed, limits as published, and where reports and documentation
 * differ, as reported.
 */
export const REALISTIC_SETTINGS: EmulatorSettings = {
  ...DEFAULT_SETTINGS,
  accountCreationMs: 22_000,
  operationRetryAfterSeconds: 17,
  accountDnsMs: 2_000,
  propagationGrantMs: 60_000,
  propagationRemovalMs: 300_000,
  principalReplicationMs: 60_000,
  containerDeleteMs: 30_000,
  federationMs: 10_000,
  federatedWriteMs: 500,
  callLatency: { medianMs: 50, p99Ms: 500 },
  ...ALL_VARIANTS,
  // Nobody has reported it: the documentation counts.
  containersNeedDataAction: false,
  limits: AZURE_LIMITS,
};
