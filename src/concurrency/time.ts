/** A clock that background work waits by: the process's own in production, one that a test advances elsewhere. */
export interface Time {
  /** Milliseconds, monotonic. */
  now(): number;
  /** Resolves when the time has passed, or early when the signal aborts; never rejects, and keeps no process alive. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
  /** 0 <= x < 1. */
  random(): number;
}

/** The time, a tenth longer or shorter at random: replicas and restarts do not stay in step. */
export function jittered(milliseconds: number, { random }: Pick<Time, "random">): number {
  return milliseconds * (0.9 + random() * 0.2);
}

/** Resolves once the signal has aborted. */
export function whenAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
