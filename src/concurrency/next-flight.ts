/**
 * Shared runs that are never older than the call: a call that arrives while a run of its key is under way waits for the next
 * one, and all that wait share it. For answers such as "nothing uses it", which only a list begun after the question can give.
 */
export interface NextFlight<T> {
  /** The result of a run that begins now, or right after the present one: the work of the first that waits for it. */
  run(key: string, work: () => Promise<T>): Promise<T>;
}

interface Lane<T> {
  /** Settles, and never rejects, with the present run. */
  readonly ended: Promise<void>;
  next: Promise<T> | undefined;
}

/** At most one run of a key at a time; a run that fails, fails for those that share it, and the next one begins all the same. */
export function createNextFlight<T>(): NextFlight<T> {
  const lanes = new Map<string, Lane<T>>();
  const begin = (key: string, work: () => Promise<T>): Promise<T> => {
    const result = work();
    // Before the callers go on: one that asks again then begins a run and waits for none.
    const finish = () => {
      if (lane.next === undefined) lanes.delete(key);
    };
    const lane: Lane<T> = { ended: result.then(finish, finish), next: undefined };
    lanes.set(key, lane);
    return result;
  };
  return {
    run(key, work) {
      const lane = lanes.get(key);
      if (lane === undefined) return begin(key, work);
      lane.next ??= lane.ended.then(() => begin(key, work));
      return lane.next;
    },
  };
}
