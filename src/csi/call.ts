/**
 * Around every RPC: an id, the observer, and the answer for a failure. The only table from the domain's reasons to gRPC
 * codes is here.
 */
import { randomUUID } from "node:crypto";
import { type handleUnaryCall, type sendUnaryData, status } from "@grpc/grpc-js";
import { DriverError, type Reason } from "../errors.ts";
import { cutEncoded } from "../text/cut.ts";
import type { VolumeIdentity } from "../volume/cluster.ts";
import { volumeAnswered, volumeIn } from "./about.ts";

/** A reason without a row does not compile. INVALID_ARGUMENT makes csi-provisioner wait its longest interval. */
const CODES: Readonly<Record<Reason, status>> = {
  InvalidRequest: status.INVALID_ARGUMENT,
  OutOfRange: status.OUT_OF_RANGE,
  NotFound: status.NOT_FOUND,
  Incompatible: status.ALREADY_EXISTS,
  InUse: status.FAILED_PRECONDITION,
  NotOurs: status.FAILED_PRECONDITION,
  Forbidden: status.PERMISSION_DENIED,
  Unauthenticated: status.UNAUTHENTICATED,
  QuotaExhausted: status.RESOURCE_EXHAUSTED,
  Misconfigured: status.FAILED_PRECONDITION,
  Busy: status.ABORTED,
  BadPageToken: status.ABORTED,
  Throttled: status.UNAVAILABLE,
  Unavailable: status.UNAVAILABLE,
  DeadlineExceeded: status.DEADLINE_EXCEEDED,
  Unsupported: status.UNIMPLEMENTED,
  Internal: status.INTERNAL,
};

/** After these csi-provisioner keeps calling, also when the claim is gone; every other code makes it forget (contract.md 2). */
const RETRIED: readonly status[] = [status.CANCELLED, status.DEADLINE_EXCEEDED, status.UNAVAILABLE, status.ABORTED];

/** Whether csi-provisioner forgets the volume after this answer. */
export function isFinal(code: status): boolean {
  return !RETRIED.includes(code);
}

/** The code for a failure. After one that left something behind no final code is answered, whatever its reason. */
export function codeFor(error: unknown): status {
  if (!(error instanceof DriverError)) return status.INTERNAL;
  const code = CODES[error.reason];
  return error.isUnfinished && isFinal(code) ? status.UNAVAILABLE : code;
}

/** A call as it began. */
export interface BegunCall {
  /** `/csi.v1.Controller/CreateVolume`, as sidecars name it in their metrics. */
  readonly method: string;
  readonly callId: string;
  readonly volume: VolumeIdentity;
}

/** How a call ended, for the log and the metrics. */
export interface CallOutcome {
  readonly method: string;
  /** Name of the gRPC status: `OK`, `UNAVAILABLE`, ... */
  readonly code: string;
  readonly milliseconds: number;
  /** Why it failed; absent for one that succeeded. */
  readonly reason?: Reason;
  readonly error?: unknown;
}

/** Notified of every call. `run` may put what it is about into the logs of everything that the call does, its end included. */
export interface CallObserver {
  run<T>(call: BegunCall, work: () => Promise<T>): Promise<T>;
  identified(volume: VolumeIdentity): void;
  finished(outcome: CallOutcome): void;
}

/** Why a call failed, in the words of the domain. */
export function reasonOf(error: unknown): Reason {
  return error instanceof DriverError ? error.reason : "Internal";
}

/** A gRPC handler around plain work. An error that is no DriverError never leaves as it is: its message may hold anything. */
export function unaryCall<Request, Response>(
  method: string,
  work: (request: Request) => Promise<Response>,
  observer: CallObserver,
): handleUnaryCall<Request, Response> {
  return (call, answer) => {
    const callId = randomUUID();
    const begun = performance.now();
    const finish = (code: status, failure: Pick<CallOutcome, "reason" | "error"> = {}) =>
      observer.finished({
        method,
        code: status[code],
        milliseconds: Math.round(performance.now() - begun),
        ...failure,
      });
    void observer.run({ method, callId, volume: volumeIn(call.request) }, async () => {
      try {
        const response = await work(call.request);
        observer.identified(volumeAnswered(response));
        finish(status.OK);
        answer(null, response);
      } catch (error) {
        finish(codeFor(error), { reason: reasonOf(error), error });
        refuse(answer, callId, error);
      }
    });
  };
}

/**
 * Kubernetes counts an event whose message stays the same, and writes another one when it changes: what differs from attempt
 * to attempt is in the log, which names the volume. Only a fault of this program, which says nothing else, names its call.
 *
 * gRPC sends the message as a header. The whole header block of an answer may have 8 KiB with Go's and C's defaults, and one
 * that is longer resets the stream: csi-provisioner then writes no event. Kubernetes cuts an event at 1 KiB.
 */
const MOST_MESSAGE_BYTES = 4_096;

function refuse<Response>(answer: sendUnaryData<Response>, callId: string, error: unknown): void {
  const code = codeFor(error);
  // The message becomes an event that every tenant may read, and quotes Azure.
  const message = cutEncoded(error instanceof DriverError ? error.message : "internal error", MOST_MESSAGE_BYTES);
  answer({ code, details: code === status.INTERNAL ? `${message} (call ${callId})` : message });
}
