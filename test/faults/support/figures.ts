// The figures of issue 6: each test says its own, and `npm run reliability` gathers them into one table.
import { appendFileSync } from "node:fs";

/** File that takes one JSON object a line; set by scripts/reliability.ts. */
export const FIGURES_VARIABLE = "KEYLESS_CSI_FIGURES";

/** Set by `npm run reliability -- --full`: every combination instead of a selection. */
export const isFull = process.env["KEYLESS_CSI_FULL"] === "1";

/** Prints a figure under the test that found it. `item` is the number in the list of docs/explanation/reliability.md. */
export function tell(item: number, figure: string): void {
  console.log(`      ${figure}`);
  const file = process.env[FIGURES_VARIABLE];
  if (file !== undefined) appendFileSync(file, `${JSON.stringify({ item, figure })}\n`);
}

/** Such as `p99 12 ms`: the value below which `share` of all values are. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
