/**
 * What a write to Azure is for, as far as the request alone does not say it: for the audit line of that write, which the
 * HTTP client reports far below the adapter that knows.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { PipelineRequest } from "@azure/core-rest-pipeline";

/** Stated by the adapter around its call. */
export interface Intent {
  /** Instead of the word for the method: `repair`, `restore tags`, `break lease`. */
  readonly action?: string;
  /** Type and ARM id of what is written, where the request is not one to ARM and names neither. */
  readonly kind?: string;
  readonly resourceId?: string;
  /** Object id of the principal whose access is written. */
  readonly principalId?: string;
  /** GUID of the role. */
  readonly roleId?: string;
}

const intents = new AsyncLocalStorage<Intent>();
const ofRequests = new WeakMap<PipelineRequest, Intent>();

/** Runs a call to Azure whose writes are for this. */
export function intending<T>(intent: Intent, work: () => Promise<T>): Promise<T> {
  return intents.run(intent, work);
}

/** The same where the adapter makes the request itself. */
export function intend(request: PipelineRequest, intent: Intent): void {
  ofRequests.set(request, intent);
}

/** That of a request, or of the call which is running; `{}` where none was stated. */
export function intentOf(request: PipelineRequest): Intent {
  return ofRequests.get(request) ?? intents.getStore() ?? {};
}
