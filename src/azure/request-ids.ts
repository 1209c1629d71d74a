/**
 * The ids by which Azure's support and its activity log find a request. They are the only headers of an answer that may
 * reach a log.
 */
import type { PipelineResponse } from "@azure/core-rest-pipeline";

/** Azure's names for one request; absent: there was no answer, or it states none. */
export interface RequestIds {
  /** Of this request alone: `x-ms-request-id`, or the trace id of a sign-in. */
  readonly requestId?: string;
  /** Of all requests of one call: ARM takes over what the caller sends (`audit.ts`). */
  readonly correlationId?: string;
}

/** Errors have at most a few causes. */
const DEEPEST_CAUSE = 8;
/** What comes from elsewhere becomes no part of a log unless it looks like an id. */
const ID = /^[\w.:-]{1,100}$/;

/** Of an answer. */
export function idsIn({ headers }: Pick<PipelineResponse, "headers">): RequestIds {
  return toIds(headers.get("x-ms-request-id"), headers.get("x-ms-correlation-request-id"));
}

/** Of the first error in a chain of causes that states any: what Azure's SDKs throw, or what wraps it. */
export function requestIdsOf(error: unknown): RequestIds {
  let current = error;
  for (let depth = 0; depth < DEEPEST_CAUSE && current instanceof Error; depth++) {
    const ids = ofAnswer(current) ?? ofSignIn(current);
    if (ids !== undefined) return ids;
    current = current.cause;
  }
  return {};
}

function ofAnswer(error: Error): RequestIds | undefined {
  const { response } = error as { readonly response?: Partial<PipelineResponse> };
  if (typeof response?.headers?.get !== "function") return undefined;
  const ids = idsIn({ headers: response.headers });
  return ids.requestId === undefined && ids.correlationId === undefined ? undefined : ids;
}

/** Entra ends its texts with both, on lines of their own or not ("Microsoft Entra authentication and authorization error codes"). */
function ofSignIn({ message }: Error): RequestIds | undefined {
  const [, traceId] = /\bTrace ID: ([0-9a-f-]{36})\b/i.exec(message) ?? [];
  const [, correlationId] = /\bCorrelation ID: ([0-9a-f-]{36})\b/i.exec(message) ?? [];
  return traceId === undefined && correlationId === undefined ? undefined : toIds(traceId, correlationId);
}

function toIds(requestId: string | undefined, correlationId: string | undefined): RequestIds {
  const ids: { requestId?: string; correlationId?: string } = {};
  if (requestId !== undefined && ID.test(requestId)) ids.requestId = requestId;
  if (correlationId !== undefined && ID.test(correlationId)) ids.correlationId = correlationId;
  return ids;
}
