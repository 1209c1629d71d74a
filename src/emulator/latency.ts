/**
 * How long an answer takes on its way: log-normal, as round trips to a busy service are spread, from a median and a 99th
 * percentile. Both are settings: Azure publishes no figures for its control plane.
 */

/** In milliseconds. Equal values: every answer takes as long. */
export interface Latency {
  readonly medianMs: number;
  readonly p99Ms: number;
}

/** The standard normal distribution's 99th percentile. */
const Z99 = 2.326_347_874;

/** `50` (always 50 ms) or `50/500` (median and 99th percentile); undefined when it is neither. */
export function parseLatency(text: string): Latency | undefined {
  const [, median, p99 = median] = /^(\d{1,5})(?:\/(\d{1,5}))?$/.exec(text) ?? [];
  const latency = { medianMs: Number(median), p99Ms: Number(p99) };
  const isSpread = latency.medianMs > 0 || latency.p99Ms === 0;
  return median !== undefined && isSpread && latency.p99Ms >= latency.medianMs ? latency : undefined;
}

/** The next answer's time in milliseconds, the same sequence in every run. Without a latency always 0. */
export function createLatencies(latency: Latency | undefined): () => number {
  if (latency === undefined) return () => 0;
  const { medianMs, p99Ms } = latency;
  if (medianMs === p99Ms) return () => medianMs;
  const sigma = Math.log(p99Ms / medianMs) / Z99;
  const random = createRandom(13);
  return () => medianMs * Math.exp(sigma * normal(random));
}

/** Box and Muller's method: one normally distributed number out of two uniform ones. */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Mulberry32: uniform in [0, 1), the same for the same seed. */
function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
