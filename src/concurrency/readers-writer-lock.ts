/**
 * Readers-writer locks by key, within this process. Readers share the lock, a writer waits until they have left and then
 * holds it alone; readers that arrive meanwhile wait for the writer. There is no lock across processes: Azure's own
 * answers decide between replicas.
 */
export interface ReadersWriterLock {
  /** Runs the work beside other readers of the same key. */
  shared<T>(key: string, work: () => Promise<T>): Promise<T>;
  /** Runs the work while nothing else of the same key runs. */
  exclusive<T>(key: string, work: () => Promise<T>): Promise<T>;
}

interface State {
  readonly readers: Set<Promise<unknown>>;
  writer: Promise<unknown> | undefined;
}

export function createReadersWriterLock(): ReadersWriterLock {
  const states = new Map<string, State>();
  const stateOf = (key: string): State => {
    const state = states.get(key) ?? { readers: new Set(), writer: undefined };
    states.set(key, state);
    return state;
  };
  const dropUnused = (key: string, state: State) => {
    if (state.readers.size === 0 && state.writer === undefined) states.delete(key);
  };
  return {
    async shared(key, work) {
      let state = stateOf(key);
      for (; state.writer !== undefined; state = stateOf(key)) await state.writer;
      // No await between this check and taking the lock: several may have been waiting for the same moment.
      const running = work();
      state.readers.add(running);
      try {
        return await running;
      } finally {
        state.readers.delete(running);
        dropUnused(key, state);
      }
    },
    async exclusive(key, work) {
      let state = stateOf(key);
      for (; state.writer !== undefined; state = stateOf(key)) await state.writer;
      const running = Promise.withResolvers<void>();
      state.writer = running.promise;
      try {
        await Promise.allSettled(state.readers);
        return await work();
      } finally {
        state.writer = undefined;
        running.resolve();
        dropUnused(key, state);
      }
    },
  };
}
