/**
 * What work is for, as far as others may have to wait for it: where something is scarce, such as the calls that Azure allows,
 * what makes a volume goes first. Creating is what nobody has to state, so that it costs nothing there.
 */
import { AsyncLocalStorage } from "node:async_hooks";

/**
 * In the order in which they are served. `create`: somebody waits for a volume, or for anything that is not stated otherwise;
 * `delete`: what is deleted goes sooner or later; `background`: nobody waits.
 */
export const PURPOSES = ["create", "delete", "background"] as const;

export type Purpose = (typeof PURPOSES)[number];

const purposes = new AsyncLocalStorage<Purpose>();

/** Runs the work, and all that it starts, for this purpose. */
export function runFor<T>(purpose: Purpose, work: () => Promise<T>): Promise<T> {
  return purposes.run(purpose, work);
}

/** Of the work that is running. */
export function currentPurpose(): Purpose {
  return purposes.getStore() ?? "create";
}
