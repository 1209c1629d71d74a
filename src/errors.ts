/**
 * The one error class of the service and the closed list of its reasons.
 *
 * Foreign errors (Azure, Kubernetes, protobuf) become a DriverError where they enter the program; no code above that
 * place reads a status number or a message text. `csi/call.ts` holds the only table from reason to gRPC code.
 */

/** Why a call failed, in the words of the domain. Each has one row in the table of `csi/call.ts`. */
export const REASONS = [
  /** The request, the class or the claim's spec makes this impossible; waiting does not help. */
  "InvalidRequest",
  /** The requested size is not possible. */
  "OutOfRange",
  /** The named volume does not exist. */
  "NotFound",
  /** A volume of this name exists with another size or other parameters. */
  "Incompatible",
  /** The volume is held by something that the caller can release: a live PersistentVolume, a lock, immutability. */
  "InUse",
  /** A resource that the request leads to is not ours to touch. */
  "NotOurs",
  /** Azure refused: the controller or another principal lacks a right. */
  "Forbidden",
  /** Azure does not accept the controller's own credential. */
  "Unauthenticated",
  /** A limit of Azure or of the configuration is reached. */
  "QuotaExhausted",
  /** Something that a tenant or an administrator can repair stands in the way. */
  "Misconfigured",
  /** Another operation on the same thing is under way. */
  "Busy",
  /** ListVolumes was given a token that we never gave out. */
  "BadPageToken",
  /** Azure asks us to slow down. */
  "Throttled",
  /** Azure or Kubernetes cannot be reached, or answered with a fault of its own. */
  "Unavailable",
  /** Our own time limit for a step has passed. */
  "DeadlineExceeded",
  /** The call is not one that this driver offers. */
  "Unsupported",
  /** A fault in this program or a contradiction in what Azure holds. */
  "Internal",
] as const;

export type Reason = (typeof REASONS)[number];

/** Reasons after which the caller keeps trying by itself, so that nothing can be forgotten. */
const TRANSIENT: readonly Reason[] = ["Busy", "Throttled", "Unavailable", "DeadlineExceeded"];

/** Whether the fault says of itself that trying again is the way. A test holds this against the table of gRPC codes. */
export function isTransient(error: unknown): boolean {
  return error instanceof DriverError && TRANSIENT.includes(error.reason);
}

export interface DriverErrorOptions {
  /** The foreign fault, for the log only; it never reaches the caller. */
  readonly cause?: unknown;
  /** Something of the volume may exist, so the answer must make the caller retry, whatever the reason. */
  readonly isUnfinished?: boolean;
}

/** A failure whose message a person may read: what failed, on which resource, and what to do. No token, key or stack. */
export class DriverError extends Error {
  readonly reason: Reason;
  readonly isUnfinished: boolean;

  constructor(reason: Reason, message: string, options: DriverErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "DriverError";
    this.reason = reason;
    this.isUnfinished = options.isUnfinished ?? false;
  }

  /** The same failure, marked as one after which the caller must keep trying. An unknown error becomes Internal. */
  static unfinished(error: unknown): DriverError {
    if (!(error instanceof DriverError)) {
      return new DriverError("Internal", "internal error", { cause: error, isUnfinished: true });
    }
    return new DriverError(error.reason, error.message, { cause: error.cause, isUnfinished: true });
  }
}
