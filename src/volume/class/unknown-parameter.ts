/** What is said of a StorageClass parameter that no row knows: the name that was probably meant, as what it is. */
import { shown } from "../../text/cut.ts";
import { findNearest } from "../../text/nearest.ts";
import type { ParameterRow } from "./parameter-row.ts";

/**
 * The problem with `name`, and the fix. A known name is proposed only where its use is not refused next: `whyNot` says of a
 * row what is wrong with it in this class, with the text of the unknown parameter.
 */
export function describeUnknown(
  name: string,
  rows: readonly ParameterRow[],
  whyNot: (row: ParameterRow) => string | undefined,
): string {
  const opening = `${shown(name)} is not a parameter of this driver`;
  const meant = probablyMeant(name, rows);
  if (meant === undefined) return `${opening}: remove it`;
  const problem = whyNot(meant);
  return problem === undefined
    ? `${opening}: did you mean ${meant.name}?`
    : `${opening}; if ${meant.name} is meant: ${problem}`;
}

/**
 * The row that a name abbreviates (`sku`) or extends (`storageAccountName`, `identityClientID`), else the one with the fewest
 * letters changed.
 */
function probablyMeant(name: string, rows: readonly ParameterRow[]): ParameterRow | undefined {
  const wanted = name.toLowerCase();
  const extended = rows.filter((row) => wanted.length >= 3 && row.name.toLowerCase().startsWith(wanted));
  const begins = rows.filter(({ name: known }) => known.length >= 10 && wanted.startsWith(known.toLowerCase()));
  const ends = rows.filter(({ name: known }) => known.length >= 7 && wanted.endsWith(known.toLowerCase()));
  const byPart = [...[...begins, ...ends].sort(longestFirst), ...extended.sort(longestFirst).reverse()];
  const nearest = findNearest(
    name,
    rows.map((row) => row.name),
  );
  return byPart[0] ?? rows.find((row) => row.name === nearest);
}

function longestFirst(a: ParameterRow, b: ParameterRow): number {
  return b.name.length - a.name.length;
}
