/**
 * The connection to ARM: one set of SDK clients for each subscription, with time limits, the SDK's own retries (they obey
 * Retry-After) and an observer of every request.
 */
import { AuthorizationManagementClient } from "@azure/arm-authorization";
import { ManagedServiceIdentityClient } from "@azure/arm-msi";
import { StorageManagementClient } from "@azure/arm-storage";
import type { PipelinePolicy, PipelineRequest, PipelineResponse } from "@azure/core-rest-pipeline";
import type { TokenCredential } from "@azure/identity";
import { type ApiVersions, createApiVersionPolicy } from "./api-versions.ts";
import { type AuditOptions, createAuditedHttpClient } from "./audit.ts";
import { type Budget, createBudget } from "./budget/budget.ts";
import { createBudgetPolicy } from "./budget/policy.ts";
import { createErrorBodyKeeper } from "./error-body.ts";
import { withLeanPipeline } from "./lean-pipeline.ts";
import { createOwnHostPolicy } from "./own-host.ts";
import { idsIn, type RequestIds } from "./request-ids.ts";
import { resourceTypeOf } from "./resource-type.ts";
import { type ArmRequest, sendToArm } from "./send.ts";
import { createSettlingMark } from "./settling.ts";
import { limitFor, TIME_LIMITS, type TimeLimits } from "./time-limits.ts";

/** One request to ARM as it went over the wire: a retry counts as another one. */
export interface AzureCall extends RequestIds {
  /** Method and resource type, such as `PUT Microsoft.Storage/storageAccounts`: few values, fit for a metric's label. */
  readonly operation: string;
  /** HTTP status, or 0 when no answer came. */
  readonly status: number;
  readonly milliseconds: number;
}

export interface ArmOptions {
  /** A subscription of another tenant needs a token of that tenant. */
  readonly credentialFor: (subscriptionId: string) => TokenCredential;
  /** `https://management.azure.com`, or another cloud's. */
  readonly endpoint: string;
  /** Scope of the token, `https://management.azure.com/.default` or another cloud's. */
  readonly scope: string;
  readonly apiVersions: ApiVersions;
  readonly observeCall: (call: AzureCall) => void;
  /** Notified of each write. Default: nobody is. */
  readonly audit?: Omit<AuditOptions, "now">;
  /** Called when Azure refuses a token (401): the credential must not use it again. */
  readonly forgetTokens: () => void;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** Default: `TIME_LIMITS`. */
  readonly timeLimits?: TimeLimits | undefined;
  /** Milliseconds before the SDKs' first retry; each further one waits twice as long. Default 800. */
  readonly retryDelayMs?: number | undefined;
  /** What Azure allows all calls of this process. Default: one of these clients alone. */
  readonly budget?: Budget;
  /**
   * For what nobody waits for, such as metrics: nothing is repeated, nothing waits, and what is sent takes only of what the
   * budget of the volumes, which is given here, has plenty of.
   */
  readonly givesWayTo?: Budget;
}

/** The SDK clients of one subscription. */
export interface SubscriptionClients {
  readonly storage: StorageManagementClient;
  readonly authorization: AuthorizationManagementClient;
  readonly identity: ManagedServiceIdentityClient;
}

export interface Arm {
  /** As it was configured, without a slash at the end. */
  readonly endpoint: string;
  subscription(subscriptionId: string): SubscriptionClients;
  /** The answer's JSON to what no client here has an operation for. Throws as they do. */
  send(subscriptionId: string, request: ArmRequest): Promise<unknown>;
}

/** How often the SDKs repeat a request by themselves. */
export const MAX_RETRIES = 3;
/** Before the first retry. */
export const RETRY_DELAY_MS = 800;

const UNAUDITED = { written: () => undefined, correlationId: () => undefined };

export function createArm(options: ArmOptions): Arm {
  const clients = new Map<string, SubscriptionClients>();
  // A wrong clock, here or there, makes a token invalid before its time, and each client caches its own for hours.
  const signInAgain = () => {
    options.forgetTokens();
    clients.clear();
  };
  const clientOptions = {
    endpoint: options.endpoint,
    credentials: { scopes: [options.scope] },
    credentialScopes: [options.scope],
    httpClient: createAuditedHttpClient({ ...(options.audit ?? UNAUDITED), now: options.now }),
    retryOptions: {
      maxRetries: options.givesWayTo === undefined ? MAX_RETRIES : 0,
      retryDelayInMs: options.retryDelayMs ?? RETRY_DELAY_MS,
      maxRetryDelayInMs: 10_000,
    },
    userAgentOptions: { userAgentPrefix: "keyless-csi" },
    additionalPolicies: [
      // Not perCall: @azure/core-client's own policies throw for a refusal before such a one sees it.
      { policy: createApiVersionPolicy(options.apiVersions), position: "perRetry" as const },
      { policy: createOwnHostPolicy(options.endpoint), position: "perRetry" as const },
      { policy: budgetFor(options), position: "perRetry" as const },
      { policy: createSettlingMark(options.now), position: "perRetry" as const },
      { policy: createErrorBodyKeeper(), position: "perRetry" as const },
      { policy: observing(options, signInAgain), position: "perRetry" as const },
    ],
  };
  const subscription = (subscriptionId: string) => {
    const key = subscriptionId.toLowerCase();
    const known = clients.get(key);
    if (known !== undefined) return known;
    const created = createClients(options.credentialFor(key), subscriptionId, clientOptions);
    clients.set(key, created);
    return created;
  };
  const { endpoint } = options;
  const { httpClient } = clientOptions;
  return {
    endpoint,
    subscription,
    send: (subscriptionId, request) =>
      sendToArm({ endpoint, client: subscription(subscriptionId).storage, httpClient }, request),
  };
}

function createClients(
  credential: TokenCredential,
  subscriptionId: string,
  options: Pick<ArmOptions, "endpoint"> & object,
): SubscriptionClients {
  return {
    storage: withLeanPipeline(new StorageManagementClient(credential, subscriptionId, options)),
    authorization: withLeanPipeline(new AuthorizationManagementClient(credential, subscriptionId, options)),
    identity: withLeanPipeline(new ManagedServiceIdentityClient(credential, subscriptionId, options)),
  };
}

function budgetFor({ now, sleep, budget, givesWayTo }: ArmOptions): PipelinePolicy {
  if (givesWayTo !== undefined) return createBudgetPolicy({ budget: givesWayTo, givesWay: true, now });
  return createBudgetPolicy({ budget: budget ?? createBudget({ now, sleep, limits: undefined }), now });
}

export interface ObservingOptions extends Pick<ArmOptions, "observeCall" | "now"> {
  readonly timeLimits?: TimeLimits | undefined;
  /** What a request is called in logs and metrics. Default: `operationOf`. */
  readonly nameOf?: (request: Pick<PipelineRequest, "method" | "url">) => string;
  /** Which limit holds for a request. Default: `limitFor`. */
  readonly limitOf?: typeof limitFor;
}

/** Limits each attempt in time and reports its outcome; `refused` is called when a token was not accepted. */
export function observing(
  { observeCall, now, timeLimits = TIME_LIMITS, nameOf = operationOf, limitOf = limitFor }: ObservingOptions,
  refused: () => void,
): PipelinePolicy {
  return {
    name: "keyless-csi-observer",
    async sendRequest(request, next) {
      request.timeout = timeLimits[limitOf(request)];
      const begun = now();
      let response: PipelineResponse | undefined;
      try {
        response = await next(request);
        if (response.status === 401) refused();
        return response;
      } finally {
        const ids = response && idsIn(response);
        observeCall({ operation: nameOf(request), status: response?.status ?? 0, ...ids, milliseconds: now() - begun });
      }
    },
  };
}

/** `PUT Microsoft.Storage/storageAccounts/blobServices/containers`: the types of the path's last provider, no names. */
export function operationOf({ method, url }: Pick<PipelineRequest, "method" | "url">): string {
  return `${method} ${resourceTypeOf(url)}`;
}
