/**
 * The one runner of background tasks: each repeats at its own interval, within its own budget, in one process at a time. A
 * task that fails is tried again at its next turn; it affects nothing else and keeps no process alive.
 */
import { createFailures, type FailureObserver } from "./failures.ts";
import type { Leadership } from "./leadership.ts";
import { createPace } from "./pace.ts";
import { jittered, type Time } from "./time.ts";

/** How many calls a task may begin within a time: the rest of Azure's limits is for volumes. */
export interface Budget {
  readonly count: number;
  readonly withinMs: number;
}

/** One run of a task. */
export interface Turn {
  /** Awaited before each call that the budget counts. Rejects when this process runs no tasks any more. */
  spend(): Promise<void>;
  /** Aborts then. */
  readonly signal: AbortSignal;
}

export interface BackgroundTask {
  readonly name: string;
  /** From the end of a run to the beginning of the next; the first begins after a tenth of it. */
  readonly intervalMs: number;
  readonly budget: Budget;
  /** Called when this process begins to run tasks. What one term has found out ends with it. */
  begin(): (turn: Turn) => Promise<void>;
}

export interface BackgroundObserver extends FailureObserver {
  /** This process begins to run tasks, or runs them no more. */
  tasksRunHere(isLeading: boolean): void;
  taskDone(task: string): void;
  /** Runs one run of a task, with its outcome. May put the task into the logs of everything that it does. */
  inTask<T>(task: string, work: () => Promise<T>): Promise<T>;
}

export interface BackgroundOptions {
  readonly tasks: readonly BackgroundTask[];
  readonly leadership: Leadership;
  readonly time: Time;
  readonly observer: BackgroundObserver;
}

export interface Background {
  /** Whether it is this process that runs the tasks. */
  isLeading(): boolean;
  /** Ends every task, and resolves when another process may begin. Does not wait for calls in flight. */
  stop(): Promise<void>;
}

export function startBackground({ tasks, leadership, time, observer }: BackgroundOptions): Background {
  const stopping = new AbortController();
  let current: AbortSignal | undefined;
  const lead = async (term: AbortSignal): Promise<void> => {
    current = term;
    observer.tasksRunHere(true);
    term.addEventListener("abort", () => observer.tasksRunHere(false), { once: true });
    await Promise.all(tasks.map((task) => repeat(task, { time, observer, term })));
  };
  const ended = leadership.run(lead, stopping.signal);
  return {
    isLeading: () => current?.aborted === false,
    stop() {
      stopping.abort();
      return ended;
    },
  };
}

interface Repeating extends Pick<BackgroundOptions, "time" | "observer"> {
  readonly term: AbortSignal;
}

async function repeat(task: BackgroundTask, { time, observer, term }: Repeating): Promise<void> {
  const pace = createPace({ ...task.budget, now: time.now, sleep: (ms) => time.sleep(ms, term) });
  const turn: Turn = {
    signal: term,
    async spend() {
      await pace();
      term.throwIfAborted();
    },
  };
  const failures = createFailures(task.name, observer);
  const run = task.begin();
  await time.sleep(jittered(task.intervalMs / 10, time), term);
  while (!term.aborted) {
    await observer.inTask(task.name, async () => {
      try {
        await run(turn);
        failures.none();
        if (!term.aborted) observer.taskDone(task.name);
      } catch (error) {
        if (!term.aborted) failures.report(error);
      }
    });
    await time.sleep(jittered(task.intervalMs, time), term);
  }
}
