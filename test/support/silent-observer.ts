// An observer for what is of no interest to a test.
import type { AdaptersObserver } from "../../src/app/adapters.ts";

const inTask: AdaptersObserver["inTask"] = (_, work) => work();

/** Takes every notification, also those that are yet to come, and passes on what `heard` names. */
export function silentObserver(heard: Partial<AdaptersObserver> = {}): AdaptersObserver {
  return new Proxy({} as AdaptersObserver, {
    get: (_, name) => (({ inTask, ...heard }) as Record<string | symbol, unknown>)[name] ?? (() => undefined),
  });
}
