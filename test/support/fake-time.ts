// A clock that a test advances: what waits by it goes on when its time has come, in order, and nothing really waits.
import type { Time } from "../../src/concurrency/time.ts";

export interface FakeTime extends Time {
  /** Moves the clock, and lets everything that is due run before what is due later. */
  advance(milliseconds: number): Promise<void>;
  /** How many wait. */
  sleepers(): number;
}

interface Sleeper {
  readonly until: number;
  wake(): void;
}

/** `random` is what every question for a random number is answered with. */
export function createFakeTime(random = 0.5): FakeTime {
  let now = 1_000;
  let sleeping: readonly Sleeper[] = [];
  const wake = (due: Sleeper) => {
    sleeping = sleeping.filter((each) => each !== due);
    due.wake();
  };
  return {
    now: () => now,
    random: () => random,
    sleepers: () => sleeping.length,
    sleep(milliseconds, signal) {
      if (signal.aborted) return Promise.resolve();
      return new Promise((resolve) => {
        const sleeper = { until: now + milliseconds, wake: resolve };
        sleeping = [...sleeping, sleeper];
        signal.addEventListener("abort", () => wake(sleeper), { once: true });
      });
    },
    async advance(milliseconds) {
      const end = now + milliseconds;
      await settle();
      for (;;) {
        const [next] = sleeping.filter(({ until }) => until <= end).sort((a, b) => a.until - b.until);
        if (next === undefined) break;
        now = Math.max(now, next.until);
        wake(next);
        await settle();
      }
      now = end;
    },
  };
}

/** Lets every promise that can go on without input do so. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
