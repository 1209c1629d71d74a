/**
 * Every change of Azure as it went over the wire: one report for each request that is not a read, also for those that Azure
 * refused or never answered, and for each of the SDK's own retries. Below all of the SDK's policies, so that no writer can
 * forget it and nothing is reported that was not sent.
 */
import type { HttpClient, PipelineRequest, PipelineResponse } from "@azure/core-rest-pipeline";
import { createHttpClient } from "./http-client.ts";
import { type Intent, intentOf } from "./intent.ts";
import { idsIn, type RequestIds } from "./request-ids.ts";
import { pathOf, resourceTypeOf } from "./resource-type.ts";

/** How a write ended. `unknown`: no answer came, so that it may have been done. */
export type WriteResult = "done" | "accepted" | "absent" | "refused" | "failed" | "unknown";

/** One request that may have changed Azure. */
export interface AzureWrite extends Omit<Intent, "action" | "kind" | "resourceId">, RequestIds {
  /** `create` (PUT), `update` (PATCH), `delete`, or what the adapter says that it is. */
  readonly action: string;
  /** Such as `Microsoft.Storage/storageAccounts/blobServices/containers`. */
  readonly kind: string;
  /** ARM id. */
  readonly resourceId: string;
  readonly result: WriteResult;
  /** HTTP status, or 0 when no answer came. */
  readonly status: number;
  /** Azure's code of a refusal. */
  readonly errorCode?: string;
  readonly milliseconds: number;
}

export interface AuditOptions {
  readonly written: (write: AzureWrite) => void;
  /** GUID of the call that is running; undefined outside of calls. */
  readonly correlationId: () => string | undefined;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
}

const READS = ["GET", "HEAD", "OPTIONS"];
/** Asked by a POST, and changes nothing. */
const DRY_RUN = "/microsoft.policyinsights/checkpolicyrestrictions";
const ACTIONS: Readonly<Record<string, string>> = { PUT: "create", PATCH: "update", DELETE: "delete" };

/**
 * The HTTP client with reports. Each request names its call in `x-ms-correlation-request-id`, which ARM takes over and
 * writes to its activity log (terraform-provider-azurerm 3253 does so), so that one id joins both logs. The SDK sends an
 * `x-ms-client-request-id` of its own for each request.
 */
export function createAuditedHttpClient({ written, correlationId, now }: AuditOptions): HttpClient {
  // The status and the ids are known from the head, also when the body cannot be read.
  const heads = new WeakMap<PipelineRequest, PipelineResponse>();
  const inner = createHttpClient({ onHead: (response) => heads.set(response.request, response) });
  return {
    async sendRequest(request) {
      const callId = correlationId();
      if (callId !== undefined) request.headers.set("x-ms-correlation-request-id", callId);
      if (isRead(request)) return await inner.sendRequest(request);
      const begun = now();
      heads.delete(request);
      let body: string | null | undefined;
      try {
        const response = await inner.sendRequest(request);
        body = response.bodyAsText;
        return response;
      } finally {
        written(describe(request, heads.get(request), body, Math.round(now() - begun)));
      }
    },
  };
}

function isRead({ method, url }: PipelineRequest): boolean {
  return READS.includes(method) || (method === "POST" && pathOf(url).toLowerCase().endsWith(DRY_RUN));
}

function describe(
  request: PipelineRequest,
  head: PipelineResponse | undefined,
  body: string | null | undefined,
  milliseconds: number,
): AzureWrite {
  const { action = ACTIONS[request.method] ?? request.method, ...intent } = intentOf(request);
  const status = head?.status ?? 0;
  const errorCode = status >= 400 ? (head?.headers.get("x-ms-error-code") ?? errorCodeIn(body)) : undefined;
  return {
    action,
    ...intent,
    ...whatOf(request, intent),
    result: resultOf(request.method, status),
    status,
    ...(errorCode !== undefined && { errorCode }),
    ...(head && idsIn(head)),
    milliseconds,
  };
}

/** What the intent does not say: by the address of a request to ARM. */
function whatOf(request: PipelineRequest, { kind, resourceId }: Intent): Pick<AzureWrite, "kind" | "resourceId"> {
  if (kind !== undefined && resourceId !== undefined) return { kind, resourceId };
  const path = pathOf(request.url);
  // A POST names what is to be done behind the resource: `.../containers/pvc-1/lease`.
  const url = request.method === "POST" ? request.url.replace(path, path.replace(/\/[^/]*$/, "")) : request.url;
  return { kind: resourceTypeOf(url), resourceId: pathOf(url) };
}

function resultOf(method: string, status: number): WriteResult {
  if (status === 0) return "unknown";
  if (status === 202) return "accepted";
  if (method === "DELETE" && (status === 204 || status === 404)) return "absent";
  if (status < 400) return "done";
  return status < 500 ? "refused" : "failed";
}

/** ARM's `error.code`; some resource providers leave the member `error` out. */
function errorCodeIn(body: string | null | undefined): string | undefined {
  const [, code] = /"code"\s*:\s*"([\w.-]{1,100})"/.exec(body?.slice(0, 4_096) ?? "") ?? [];
  return code;
}
