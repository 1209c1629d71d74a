/** A gate that few pass at once: what is begun further waits its turn, in the order of the calls. */
export type Gate = <T>(work: () => Promise<T>) => Promise<T>;

/** `most` at the same time. */
export function createGate(most: number): Gate {
  const waiting: (() => void)[] = [];
  let inside = 0;
  return async (work) => {
    if (inside === most) await new Promise<void>((resolve) => waiting.push(resolve));
    else inside += 1;
    try {
      return await work();
    } finally {
      // Hands its own place on, so that nobody overtakes who waits.
      const next = waiting.shift();
      if (next === undefined) inside -= 1;
      else next();
    }
  };
}
