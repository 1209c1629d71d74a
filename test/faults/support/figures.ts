// The figures of issue 6: each test reports its own, and `npm run reliability` collects them in one table.
import { appendFileSync } from "node:fs";

/** File that takes one JSON object per line; set by scripts/reliability.ts. */
export const FIGURES_VARIABLE = "KEYLESS_CSI_FIGURES";

/** Set by `npm run reliability -- --full`: every combination instead of a selection. */
export const isFull = process.env["KEYLESS_CSI_FULL"] === "1";

/** Prints a figure under the test that found it. `item` is the number in the list of docs/explanation/reliability.md. */
export function report(item: number, figure: string): void {
  console.log(`      ${figure}`);
  const file = process.env[FIGURES_VARIABLE];
  if (file !== undefined) appendFileSync(file, `${JSON.stringify({ item, figure })}\n`);
}

/** The value below which `share` of all values lie: 0.99 gives the p99. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
