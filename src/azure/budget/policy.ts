/** Every request of an SDK client goes through the budget: it waits for its turn, and what its answer says is taken in. */
import { type PipelinePolicy, type PipelineRequest, type PipelineResponse, RestError } from "@azure/core-rest-pipeline";
import { currentWork } from "../../concurrency/purpose.ts";
import { type Target, targetOf } from "../request-target.ts";
import type { Budget } from "./budget.ts";
import type { Kind } from "./kinds.ts";
import { ASKED, type Limit, type Wait } from "./limit.ts";
import { waitAsked } from "./retry-after.ts";

export interface BudgetPolicyOptions {
  readonly budget: Budget;
  /**
   * For what nobody waits for, such as metrics: sent only while more than half of each limit is left and nothing else waits,
   * and what Azure asks of it is kept apart, so that it never holds up a volume.
   */
  readonly givesWay?: boolean;
  /** What a request draws on, where it is not for ARM. */
  readonly kindOf?: (request: PipelineRequest) => Kind;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
}

/** A claim's events count as one only while their text is the same: what is left of a wait is not. */
const TOLD_MINUTES = [1, 5, 15, 60];
/** What one call is asked to wait at most before it fails, instead of being repeated by its SDK client. */
const LONGEST_REPEAT_MS = 15_000;
/** ARM's own refusals, which concern every provider; any other is its provider's. */
const OF_ARM = /"(?:Subscription|Tenant)RequestsThrottled"/;

/** Throws a RestError with status 429 instead of waiting too long; the SDKs do not repeat it. */
export function createBudgetPolicy({ budget, givesWay = false, kindOf, now }: BudgetPolicyOptions): PipelinePolicy {
  /** Until when those that give way send nothing, by limit. */
  const ownWaits = new Map<Limit, number>();
  const enter = (kind: Kind) => {
    if (!givesWay) {
      const work = currentWork();
      return budget.enter(kind, work?.purpose ?? "create", true, work);
    }
    for (const limit of kind.limits) {
      const milliseconds = (ownWaits.get(limit) ?? 0) - now();
      if (milliseconds > 0) return { milliseconds, says: ASKED };
    }
    return budget.enter(kind, "background", false);
  };
  const stop = (limit: Limit, milliseconds: number) =>
    givesWay ? void ownWaits.set(limit, now() + milliseconds) : budget.stop(limit, milliseconds);
  return {
    name: "keyless-csi-budget",
    async sendRequest(request, next) {
      const draw = kindOf === undefined ? drawOnArm(budget, request) : { kind: kindOf(request), target: undefined };
      const { kind } = draw;
      const entered = enter(kind);
      const refusal = entered instanceof Promise ? await entered : entered;
      if (refusal !== undefined) throw tooLong(request, refusal);
      let response: PipelineResponse;
      try {
        response = await next(request);
      } catch (error) {
        budget.ended(kind);
        throw error;
      }
      takeIn(budget, draw, response);
      const askedMs = waitAsked(response);
      if (askedMs !== undefined) stop(refusingOf(kind, response), askedMs);
      // Last: it lets others go, which must know what this answer says.
      budget.ended(kind);
      if (askedMs === undefined) return response;
      if (givesWay || askedMs > LONGEST_REPEAT_MS) throw tooLong(request, { milliseconds: askedMs, says: ASKED });
      return response;
    },
  };
}

/** What a request draws on; the target only of one to ARM. */
interface Draw {
  readonly kind: Kind;
  readonly target: Target | undefined;
}

function drawOnArm(budget: Budget, { method, url, body }: PipelineRequest): Draw {
  const target = targetOf(method, url);
  budget.learn(target, body);
  return { kind: budget.of(target), target };
}

/** What the answer says of the account, and of what Azure still has. */
function takeIn(budget: Budget, { kind, target }: Draw, response: PipelineResponse): void {
  if (target !== undefined && response.status < 300) budget.learn(target, response.bodyAsText);
  for (const limit of kind.limits) readLeft(budget, limit, response);
}

function refusingOf({ arm, provider }: Kind, { bodyAsText }: PipelineResponse): Limit {
  return arm !== undefined && OF_ARM.test(bodyAsText ?? "") ? arm : provider;
}

/** What Azure still had when it answered; a fraction of a call more, which the header does not show. */
function readLeft(budget: Budget, limit: Limit, { headers }: PipelineResponse): void {
  for (const name of limit.headers) {
    const text = headers.get(name);
    if (text !== undefined && /^\d+$/.test(text)) budget.lower(limit, Number(text) + 1);
  }
}

/**
 * What is left of the wait differs from attempt to attempt, and the message becomes an event that Kubernetes counts as long as
 * it stays the same: the exact time is in the cause, for the log.
 *
 * With the request, which SDK code may look for in any RestError, and without a response: the SDKs would wait by its
 * Retry-After and send the request again, and @azure/core-client reads `response.request.method`.
 */
function tooLong(request: PipelineRequest, { milliseconds, says }: Wait): RestError {
  const minutes = TOLD_MINUTES.find((limit) => milliseconds <= limit * 60_000) ?? TOLD_MINUTES.at(-1);
  const message =
    says === ASKED ? `Azure asks to wait up to ${minutes} min` : `${says}: this call can be sent within ${minutes} min`;
  const error = new RestError(message, { statusCode: 429, code: "TooManyRequests", request });
  error.cause = new Error(`${Math.ceil(milliseconds / 1000)} s of it are left`);
  return error;
}
