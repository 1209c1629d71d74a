/**
 * What work is for, as far as others may have to wait for it: where something is scarce, such as the calls that Azure allows,
 * what makes a volume goes first, and what has begun before what has not.
 */
import { AsyncLocalStorage } from "node:async_hooks";

/**
 * In the order in which they are served. `create`: somebody waits for a volume, or for anything that is not stated otherwise;
 * `delete`: what is deleted goes sooner or later; `background`: nobody waits.
 */
export const PURPOSES = ["create", "delete", "background"] as const;

export type Purpose = (typeof PURPOSES)[number];

/** One call, or one run of a task. */
export interface Work {
  readonly purpose: Purpose;
  /** When it was first given something that is scarce, by the clock of who gives it: what has begun is finished first. */
  begunAt: number | undefined;
}

const works = new AsyncLocalStorage<Work>();

/** Runs the work, and all that it starts, for this purpose; inside of other work that has begun it has begun too. */
export function runFor<T>(purpose: Purpose, work: () => Promise<T>): Promise<T> {
  return works.run({ purpose, begunAt: works.getStore()?.begunAt }, work);
}

/** Undefined outside of all work that states its purpose. */
export function currentWork(): Work | undefined {
  return works.getStore();
}

/** Of the work that is running. */
export function currentPurpose(): Purpose {
  return works.getStore()?.purpose ?? "create";
}
