/**
 * Work that follows an answer: the caller does not wait for it, but it must happen. A run begins after all that ask for it;
 * those of one key share it. Runs are paced, for each key and in all, and what fails is tried again.
 */
import { createFailures, type FailureObserver } from "./failures.ts";
import { createPace } from "./pace.ts";
import { createSerialQueue } from "./serial-queue.ts";
import { jittered, type Time } from "./time.ts";

export interface FollowUps {
  /** A run of the key begins after this call, with the work of the first that waits for it; at once unless the pace forbids it. */
  ask(key: string, work: () => Promise<void>): void;
  /** Whether so many keys wait that a further one would wait for more than some minutes. `ask` takes it all the same. */
  isFull(key: string): boolean;
  /** Begins at once what waits, once for each key whatever becomes of it, and resolves when nothing is left. */
  finish(): Promise<void>;
}

export interface FollowUpsOptions {
  /** In logs and metrics. */
  readonly task: string;
  readonly time: Time;
  readonly observer: FailureObserver & {
    taskDone(task: string): void;
    /** Runs one run. May put the task into the logs of everything that it does. */
    inTask<T>(task: string, work: () => Promise<T>): Promise<T>;
  };
}

/** From the beginning of a run of a key to that of its next one. */
export const KEY_PACE_MS = 5_000;
/** Of all keys: at first some at once, and 40 in a minute as long as there are more. */
const PACE = { count: 20, withinMs: 30_000 };
/** Keys that wait, or have run within the last seconds: with these the last waits for two and a half minutes. */
const MOST_KEYS = 100;
/** Between attempts at what fails, from `KEY_PACE_MS` on doubled up to this. */
export const LONGEST_PAUSE_MS = 300_000;

interface Lane {
  work: () => Promise<void>;
  /** Whether somebody waits for a run that has not begun. */
  isAsked: boolean;
}

export function createFollowUps({ task, time, observer }: FollowUpsOptions): FollowUps {
  const stopping = new AbortController();
  const { signal } = stopping;
  const lanes = new Map<string, Lane & { readonly ended: Promise<void> }>();
  const failures = createFailures(task, observer);
  const pace = createPace({ ...PACE, now: time.now, sleep: (ms) => time.sleep(ms, signal) });
  // The pace is for calls one after the other.
  const queue = createSerialQueue();
  const attempt = (work: Lane["work"]): Promise<boolean> =>
    observer.inTask(task, async () => {
      try {
        await work();
      } catch (error) {
        failures.report(error);
        return false;
      }
      failures.none();
      observer.taskDone(task);
      return true;
    });
  const follow = async (key: string, lane: Lane): Promise<void> => {
    for (let failed = 0; lane.isAsked; ) {
      await queue("", pace);
      lane.isAsked = false;
      const begunAt = time.now();
      const isDone = await attempt(lane.work);
      failed = isDone ? 0 : failed + 1;
      if (!isDone && !signal.aborted) lane.isAsked = true;
      const pauseMs = isDone ? KEY_PACE_MS : jittered(Math.min(KEY_PACE_MS * 2 ** failed, LONGEST_PAUSE_MS), time);
      await time.sleep(Math.max(0, begunAt + pauseMs - time.now()), signal);
    }
    lanes.delete(key);
  };
  return {
    ask(key, work) {
      const known = lanes.get(key);
      if (known?.isAsked === true) return;
      if (known !== undefined) return void Object.assign(known, { work, isAsked: true });
      const lane: Lane = { work, isAsked: true };
      lanes.set(key, Object.assign(lane, { ended: follow(key, lane) }));
    },
    isFull: (key) => lanes.size >= MOST_KEYS && !lanes.has(key),
    async finish() {
      stopping.abort();
      while (lanes.size > 0) await Promise.all([...lanes.values()].map(({ ended }) => ended));
    },
  };
}
