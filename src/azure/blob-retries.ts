/** What is repeated at the Blob service: what the SDKs repeat, and for longer, that an account's name leads nowhere yet. */
import { type PipelinePolicy, type PipelineResponse, type RestError, retryPolicy } from "@azure/core-rest-pipeline";
import { MAX_RETRIES, RETRY_DELAY_MS } from "./arm.ts";

/** With the default delay some 20 s. */
const MAX_RETRIES_OF_NAMES = 6;
const LONGEST_DELAY_MS = 5_000;

/** Of Node: no such name, no name server that answers, and nobody there who listens. The last one is the Blob service's. */
const UNREACHABLE: readonly unknown[] = ["ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ResourceNotFound"];
const BROKEN_OFF: readonly unknown[] = ["ETIMEDOUT", "ESOCKETTIMEDOUT", "ECONNRESET", "EPIPE"];

/**
 * Whether a failure says that an account's endpoint is not there: its name is made known only while the account is created, and
 * one that is a few seconds old may not resolve everywhere. The emulator, which is one host for all accounts, answers such a
 * call with 404 ResourceNotFound.
 */
export function isUnreachable(error: unknown): boolean {
  return UNREACHABLE.includes((error as { readonly code?: unknown } | undefined)?.code);
}

/** `delayMs`: before the first retry, default 800; each further one waits twice as long, at most 5 s. */
export function createBlobRetries(delayMs: number = RETRY_DELAY_MS): PipelinePolicy {
  const strategy = {
    name: "keyless-csi-blob",
    retry({ retryCount, response, responseError }: Attempt) {
      if (response !== undefined && response.status < 400) return DONE;
      const isNew = isUnreachable(responseError) || isUnreachable({ code: response?.headers.get("x-ms-error-code") });
      const most = isNew ? MAX_RETRIES_OF_NAMES : MAX_RETRIES;
      if (retryCount >= most || !(isNew || mayPass(response, responseError))) return DONE;
      return { retryAfterInMs: Math.min(delayMs * 2 ** retryCount, LONGEST_DELAY_MS) };
    },
  };
  return retryPolicy([strategy], { maxRetries: MAX_RETRIES_OF_NAMES });
}

const DONE = { skipStrategy: true };

interface Attempt {
  readonly retryCount: number;
  readonly response?: PipelineResponse;
  readonly responseError?: RestError;
}

/** As ts-http-runtime's strategies have it. The budget below waits as long as Azure asks for. */
function mayPass(response: PipelineResponse | undefined, error: RestError | undefined): boolean {
  if (response === undefined) return BROKEN_OFF.includes(error?.code);
  const { status, headers } = response;
  if (status === 429) return headers.has("retry-after");
  return status === 408 || (status >= 500 && status !== 501 && status !== 505);
}
