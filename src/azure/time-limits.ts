/** How long one attempt at a request to ARM may take. A lost answer costs as much, and the volumes of a pool wait for the same reads. */
import type { PipelineRequest } from "@azure/core-rest-pipeline";
import { targetOf } from "./request-target.ts";

/** In milliseconds. */
export interface TimeLimits {
  /** Of one resource: at most a few KB, so that an answer that takes longer will not come. */
  readonly read: number;
  /** Thousands of entries: in large subscriptions Azure needs more than 8 s for a page (azure.md 8). */
  readonly list: number;
  /** Repeating a write is costly. */
  readonly write: number;
  /** Of a storage account: answered only when everything in it is gone, which may take more than 30 s (azure.md 8). */
  readonly accountDeletion: number;
}

export const TIME_LIMITS: TimeLimits = { read: 8_000, list: 30_000, write: 30_000, accountDeletion: 120_000 };

/** Which of the limits holds for a request. */
export function limitFor({ method, url }: Pick<PipelineRequest, "method" | "url">): keyof TimeLimits {
  const { operation, isAccount } = targetOf(method, url);
  if (operation === "read" || operation === "list") return operation;
  return operation === "delete" && isAccount ? "accountDeletion" : "write";
}
