/**
 * The connection to the Blob service of storage accounts: the two calls at a container that the controller makes there, on the
 * pipeline of Azure's SDKs, with the policies of `arm.ts`. Both have headers alone, so that nothing of @azure/storage-blob is
 * needed, which takes 12 MiB and half as long again for each call (docs/decisions/0014). A test holds what is sent here against
 * what that SDK sends.
 */
import { randomUUID } from "node:crypto";
import {
  bearerTokenAuthenticationPolicy,
  createEmptyPipeline,
  createPipelineRequest,
  type HttpHeaders,
  type Pipeline,
  type PipelinePolicy,
  type PipelineResponse,
  proxyPolicy,
} from "@azure/core-rest-pipeline";
import type { TokenCredential } from "@azure/identity";
import { remembering } from "../concurrency/remembered.ts";
import { type AzureCall, type ObservingOptions, observing } from "./arm.ts";
import { type AuditOptions, createAuditedHttpClient } from "./audit.ts";
import { toBlobRefusal } from "./blob-errors.ts";
import { createBlobRetries } from "./blob-retries.ts";
import { type Budget, createBudget } from "./budget/budget.ts";
import { createBudgetPolicy } from "./budget/policy.ts";
import { intend } from "./intent.ts";
import { LeanHeaders } from "./lean-headers.ts";
import { createSettlingMark } from "./settling.ts";
import type { TimeLimits } from "./time-limits.ts";

export interface BlobServiceOptions {
  /** A subscription of another tenant needs a token of that tenant. */
  readonly credentialFor: (subscriptionId: string) => TokenCredential;
  readonly observeCall: (call: AzureCall) => void;
  /** Notified of each write. */
  readonly audit: Omit<AuditOptions, "now">;
  /** Called when Azure refuses a token (401): the credential must not use it again. */
  readonly forgetTokens: () => void;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** Where the waits that accounts ask for are kept. Default: one of this service alone. */
  readonly budget?: Budget;
  /** Default: `TIME_LIMITS`. */
  readonly timeLimits?: TimeLimits | undefined;
  /** Milliseconds before the first retry; each further one waits twice as long. Default 800. */
  readonly retryDelayMs?: number | undefined;
}

/** A container on the data plane, and what it is to ARM. */
export interface ContainerPlace {
  readonly subscriptionId: string;
  /** `https://klx.blob.core.windows.net/pvc-1` */
  readonly url: string;
  /** ARM id, for the audit. */
  readonly resourceId: string;
}

/** Each call throws a RestError whose `code` is the service's, in the header `x-ms-error-code`. */
export interface BlobService {
  /** Put Container: 409 ContainerAlreadyExists or ContainerBeingDeleted where there is one. */
  createContainer(place: ContainerPlace, metadata: Readonly<Record<string, string>>): Promise<void>;
  /** Get Container Properties, of which the metadata; names come in lower case, as HTTP compares them. */
  readMetadata(place: ContainerPlace): Promise<Record<string, string>>;
}

/** The audience of the Blob service's tokens in every cloud ("Authorize with Microsoft Entra ID": resource ID). */
const SCOPE = "https://storage.azure.com/.default";
/**
 * Sent with every call, as an old version that every cloud has had for years: Put Container has needed no newer one, and a
 * refused token is answered with 401 since 2019-12-12 ("Versioning for Azure Storage").
 */
const BLOB_SERVICE_VERSION = "2021-12-02";
const METADATA = "x-ms-meta-";
const headerOf = remembering((name: string) => `${METADATA}${name}`);
const CONTAINERS = "Microsoft.Storage/storageAccounts/blobServices/containers";

export function createBlobService(options: BlobServiceOptions): BlobService {
  const httpClient = createAuditedHttpClient({ ...options.audit, now: options.now });
  const pipelines = new Map<string, Pipeline>();
  const policies = createPolicies(options, () => {
    options.forgetTokens();
    pipelines.clear();
  });
  const pipelineFor = (subscriptionId: string) => {
    const key = subscriptionId.toLowerCase();
    const known = pipelines.get(key);
    if (known !== undefined) return known;
    const pipeline = createPipeline(options.credentialFor(key), policies);
    pipelines.set(key, pipeline);
    return pipeline;
  };
  async function send(place: ContainerPlace, method: "GET" | "PUT", headers: HttpHeaders, expected: number) {
    const requestId = options.audit.correlationId() ?? randomUUID();
    headers.set("accept", "application/xml");
    headers.set("x-ms-version", BLOB_SERVICE_VERSION);
    // What the account's own log shows of the caller ("Storage analytics log format": client-request-id).
    headers.set("x-ms-client-request-id", requestId);
    const request = createPipelineRequest({ requestId, method, url: `${place.url}?restype=container`, headers });
    intend(request, { kind: CONTAINERS, resourceId: place.resourceId });
    const response = await pipelineFor(place.subscriptionId).sendRequest(httpClient, request);
    if (response.status !== expected) throw toBlobRefusal(response);
    return response;
  }
  return {
    async createContainer(place, metadata) {
      const headers = new LeanHeaders({});
      for (const name in metadata) headers.set(headerOf(name), metadata[name] ?? "");
      await send(place, "PUT", headers, 201);
    },
    async readMetadata(place) {
      const response = await send(place, "GET", new LeanHeaders({}), 200);
      // All is in the headers: what another program on the way answers would read as a container without metadata.
      if (!response.headers.has("etag")) throw toBlobRefusal(response);
      return metadataIn(response);
    },
  };
}

function metadataIn({ headers }: PipelineResponse): Record<string, string> {
  const all = Object.entries(headers.toJSON());
  const own = all.filter(([name]) => name.startsWith(METADATA));
  return Object.fromEntries(own.map(([name, value]) => [name.slice(METADATA.length), value]));
}

/** Those that all subscriptions share, in the order in which a request meets them. */
function createPolicies(
  options: BlobServiceOptions,
  refused: () => void,
): readonly [retries: PipelinePolicy, ...others: PipelinePolicy[]] {
  const { now, sleep } = options;
  const budget = options.budget ?? createBudget({ now, sleep, limits: undefined });
  return [
    createBlobRetries(options.retryDelayMs),
    createBudgetPolicy({ budget, now, kindOf: ({ url }) => budget.ofService(endpointIn(url)) }),
    createSettlingMark(now),
    observing({ ...options, ...OF_CONTAINERS }, refused),
  ];
}

const READ = `GET ${CONTAINERS} (blob)`;
const CREATE = `PUT ${CONTAINERS} (blob)`;
const OF_CONTAINERS: Pick<ObservingOptions, "nameOf" | "limitOf"> = {
  nameOf: ({ method }) => (method === "GET" ? READ : CREATE),
  limitOf: ({ method }) => (method === "GET" ? "read" : "write"),
};

/** Azure counts requests to the Blob service by account ("Scalability targets for standard storage accounts"). */
function endpointIn(url: string): string {
  return url.slice(0, url.lastIndexOf("/"));
}

function createPipeline(
  credential: TokenCredential,
  [retries, ...policies]: ReturnType<typeof createPolicies>,
): Pipeline {
  const pipeline = createEmptyPipeline();
  // As in the clients for ARM: by HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY.
  pipeline.addPolicy(proxyPolicy());
  pipeline.addPolicy(retries, { phase: "Retry" });
  pipeline.addPolicy(bearerTokenAuthenticationPolicy({ credential, scopes: SCOPE }), { phase: "Sign" });
  for (const policy of policies) pipeline.addPolicy(policy, { afterPhase: "Sign" });
  return pipeline;
}
