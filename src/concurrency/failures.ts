/** Failures of what is tried again and again: one that lasts is reported as new only once. */
import { DriverError } from "../errors.ts";

export interface FailureObserver {
  /** `isNew`: the attempt before did not fail in this way. */
  taskFailed(task: string, error: unknown, isNew: boolean): void;
}

export interface Failures {
  report(error: unknown): void;
  /** It worked: the next failure is new. */
  none(): void;
}

/** The failures of one task, told apart by the reason of a DriverError. */
export function createFailures(task: string, observer: FailureObserver): Failures {
  let last: string | undefined;
  return {
    report(error) {
      const kind = kindOf(error);
      observer.taskFailed(task, error, kind !== last);
      last = kind;
    },
    none() {
      last = undefined;
    },
  };
}

function kindOf(error: unknown): string {
  if (error instanceof DriverError) return error.reason;
  return error instanceof Error ? error.name : "unknown";
}
