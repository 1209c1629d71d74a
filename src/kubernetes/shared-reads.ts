/** Single objects that many calls ask for at once, such as the namespace or the StorageClass of a hundred claims. */
import { createNextFlight } from "../concurrency/next-flight.ts";
import type { Api } from "./api.ts";
import { read } from "./faults.ts";

/** The object at `path` as it was after the call or later, undefined when there is none; `what` as for `read`. */
export type SharedRead<T> = (what: string, path: string) => Promise<T | undefined>;

/**
 * One read at a time of each object, shared by the calls that asked before it began, and remembered for none: a namespace that
 * was deleted and created again in between has another UID.
 */
export function createSharedRead<T>(api: Api): SharedRead<T> {
  const flight = createNextFlight<T | undefined>();
  return (what, path) => flight.run(path, () => read(what, () => api.get<T>(path)));
}
