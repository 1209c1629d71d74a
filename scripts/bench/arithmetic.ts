// The arithmetic of measurements: percentiles, medians, slopes.

/** The value that `share` (0 to 1) of the sorted values do not exceed: the nearest rank. NaN for none. */
export function percentile(values: readonly number[], share: number): number {
  if (values.length === 0) return Number.NaN;
  const sorted = values.toSorted((a, b) => a - b);
  const rank = Math.ceil(share * sorted.length);
  return sorted[Math.min(sorted.length, Math.max(1, rank)) - 1] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** The one whose figure is in the middle, of at least one; the lower of two. */
export function middleOf<T>(runs: readonly T[], figureOf: (run: T) => number): T {
  const middle = median(runs.map(figureOf));
  const found = runs.find((run) => figureOf(run) === middle);
  if (found === undefined) throw new Error("nothing was measured");
  return found;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** How much y grows for 1 of x, by least squares. NaN for fewer than two different x. */
export function slope(points: readonly Point[]): number {
  const mean = (pick: (point: Point) => number) => points.reduce((sum, each) => sum + pick(each), 0) / points.length;
  const x = mean((each) => each.x);
  const y = mean((each) => each.y);
  const spread = points.reduce((sum, each) => sum + (each.x - x) ** 2, 0);
  if (spread === 0) return Number.NaN;
  return points.reduce((sum, each) => sum + (each.x - x) * (each.y - y), 0) / spread;
}
