/** Results of pure functions that are asked for again and again: the class of a thousand volumes, the names of its accounts. */

/** More classes and accounts than any cluster has at a time; a few KB each. */
const MOST = 1_000;

/**
 * `compute`, called once for each key while at most `most` others are remembered: the one that came first is forgotten first.
 * Only for what follows from the key alone. What it throws is not remembered.
 */
export function remembering<T extends object | string>(
  compute: (key: string) => T,
  most: number = MOST,
): (key: string) => T {
  const known = new Map<string, T>();
  return (key) => {
    const found = known.get(key);
    if (found !== undefined) return found;
    const result = compute(key);
    known.set(key, result);
    if (known.size > most) forgetFirst(known);
    return result;
  };
}

function forgetFirst(known: Map<string, unknown>): void {
  for (const first of known.keys()) {
    known.delete(first);
    return;
  }
}
