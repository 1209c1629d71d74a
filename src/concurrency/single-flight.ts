/**
 * Single flight: calls that ask the same of the same key share one run. A hundred claims that arrive together ask ARM
 * once, and a retry joins the attempt that is still running after its caller's deadline has passed.
 */
import { DriverError } from "../errors.ts";

export interface SingleFlight<T> {
  /**
   * Runs the work, or joins the run of the same key and request. A different request for a key that is busy is refused
   * with Busy (ABORTED), as CSI requires of a volume; where a key allows one request only, leave `request` out. It says what is
   * asked, and is called only where the key is busy.
   */
  run<R extends T>(key: string, work: () => Promise<R>, request?: () => string): Promise<R>;
  /** How many are running. */
  count(): number;
  /** Resolves when none is running. */
  idle(): Promise<void>;
}

/** `keyNoun` is what the keys name, for the message of a refused request. */
export function createSingleFlight<T>(keyNoun = "resource"): SingleFlight<T> {
  const running = new Map<string, { readonly request: () => string; readonly result: Promise<T> }>();
  return {
    run<R extends T>(key: string, work: () => Promise<R>, request: () => string = () => ""): Promise<R> {
      const other = running.get(key);
      // The same request of the same key has a result of the same type.
      if (other !== undefined && other.request() === request()) return other.result as Promise<R>;
      if (other !== undefined) {
        return Promise.reject(
          new DriverError("Busy", `another operation on ${keyNoun} ${key} is under way: try again`),
        );
      }
      const result = work().finally(() => running.delete(key));
      running.set(key, { request, result });
      return result;
    },
    count: () => running.size,
    async idle() {
      while (running.size > 0) await Promise.allSettled([...running.values()].map(({ result }) => result));
    },
  };
}
