/**
 * One flight per volume. A call that comes while another of the same volume is under way joins it when it asks the same,
 * and is told to come again (ABORTED) when it asks something else. Work goes on when its caller's deadline has passed; the
 * retry joins it.
 */
import { DriverError } from "../errors.ts";

export interface Flights {
  /** `key` is the volume, `fingerprint` what is asked of it. */
  run<T>(key: string, fingerprint: string, work: () => Promise<T>): Promise<T>;
  /** How many are under way. */
  count(): number;
  /** Resolves when none is under way. */
  idle(): Promise<void>;
}

export function createFlights(): Flights {
  const running = new Map<string, { readonly fingerprint: string; readonly result: Promise<unknown> }>();
  return {
    run<T>(key: string, fingerprint: string, work: () => Promise<T>): Promise<T> {
      const other = running.get(key);
      if (other?.fingerprint === fingerprint) return other.result as Promise<T>;
      if (other !== undefined) {
        return Promise.reject(new DriverError("Busy", `another operation on volume ${key} is under way: try again`));
      }
      const result = work().finally(() => running.delete(key));
      running.set(key, { fingerprint, result });
      return result;
    },
    count: () => running.size,
    async idle() {
      while (running.size > 0) await Promise.allSettled([...running.values()].map(({ result }) => result));
    },
  };
}
