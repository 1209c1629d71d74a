/** The process's own clock. Its timers keep no process alive. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Time } from "../concurrency/time.ts";

export const OWN_TIME: Time = {
  now: () => performance.now(),
  sleep: (ms, signal) => sleep(ms, undefined, { signal, ref: false }).catch(() => undefined),
  random: Math.random,
};
