/** Runs the work of one key strictly one after the other, in the order of the calls; a failure does not stop the queue. */
export type SerialQueue = <T>(key: string, work: () => Promise<T>) => Promise<T>;

export function createSerialQueue(): SerialQueue {
  const last = new Map<string, Promise<unknown>>();
  return (key, work) => {
    const result = (last.get(key) ?? Promise.resolve()).then(work);
    const settled = result
      .catch(() => undefined)
      .finally(() => {
        if (last.get(key) === settled) last.delete(key);
      });
    last.set(key, settled);
    return result;
  };
}
