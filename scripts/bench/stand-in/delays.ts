// How long an answer takes: nothing, a fixed time, or as Azure's are spread: a median of 50 ms, and 1 in 100 over 500 ms.

/** The next answer's delay in milliseconds. */
export type Delays = () => number;

/** The standard normal distribution's 99th percentile. */
const Z99 = 2.326_347_874;

/**
 * `0`, `50` (always so many milliseconds), or `50/500`: log-normal with that median and that 99th percentile. The same
 * sequence in every run. Throws for other texts.
 */
export function parseDelays(text: string): Delays {
  const match = /^(\d+)(?:\/(\d+))?$/.exec(text);
  if (match === null) throw new Error(`a delay is MS or MEDIAN/P99, such as 50 or 50/500, not "${text}"`);
  const median = Number(match[1]);
  if (match[2] === undefined) return () => median;
  const sigma = Math.log(Number(match[2]) / median) / Z99;
  const random = createRandom(13);
  return () => median * Math.exp(sigma * normal(random));
}

/** Box and Muller's method: one normally distributed number out of two uniform ones. */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** A linear congruential generator (Numerical Recipes): uniform in [0, 1), the same for the same seed. */
function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
