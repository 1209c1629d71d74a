// What the bench reports: figures, each beside its references of the same run and, where the project has set one, its bound.

/** A figure of something that was measured beside the product in the same run. */
export interface Reference {
  readonly name: string;
  readonly value: number;
}

export interface Bound {
  readonly atMost?: number;
  readonly atLeast?: number;
}

export interface Row {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  readonly references: readonly Reference[];
  readonly bound?: Bound;
}

/** Points of a line that a picture shows. */
export interface Series {
  readonly name: string;
  readonly x: string;
  readonly y: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface PartReport {
  readonly key: string;
  readonly title: string;
  readonly rows: readonly Row[];
  readonly series?: readonly Series[];
  /** What a reader has to know: what was left out, what stood in for what. */
  readonly notes?: readonly string[];
}

/** Where and when a part was measured. */
export interface Circumstances {
  /** ISO 8601. */
  readonly at: string;
  readonly commit: string;
  readonly command: string;
  readonly machine: Machine;
  /** Flags of Node, the same for product and references. */
  readonly nodeFlags: readonly string[];
  /** Processes that wanted to run when it began, on average over a minute: more than cores, and figures are worse than alone. */
  readonly load: number;
}

/** What `--json` writes: each part as it was measured last. */
export interface Report {
  readonly format: 1;
  readonly parts: readonly (PartReport & { readonly measured: Circumstances })[];
}

/** The report with these parts in the place of earlier measurements of them; others stay. In the order of `keys`. */
export function withParts(report: Report | undefined, parts: Report["parts"], keys: readonly string[]): Report {
  const kept = (report?.parts ?? []).filter(({ key }) => !parts.some((part) => part.key === key));
  const all = [...kept, ...parts].toSorted((a, b) => keys.indexOf(a.key) - keys.indexOf(b.key));
  return { format: 1, parts: all };
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
}

export function isMet({ value, bound }: Row): boolean | undefined {
  if (bound === undefined) return undefined;
  return value <= (bound.atMost ?? Number.POSITIVE_INFINITY) && value >= (bound.atLeast ?? Number.NEGATIVE_INFINITY);
}

/** Three significant digits, and no more of a large number's than its whole part. */
export function shown(value: number): string {
  if (!Number.isFinite(value)) return "-";
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString("en-US");
  return String(Number(value.toPrecision(3)));
}

export function shownBound({ atMost, atLeast }: Bound): string {
  return atMost === undefined ? `>= ${shown(atLeast ?? 0)}` : `<= ${shown(atMost)}`;
}

/** A count of one is left out. */
function shownReference({ unit }: Row, { name, value }: Reference): string {
  return unit === "calls" && value === 1 ? name : `${name} ${shown(value)}`;
}

/** A longer text is not cut, and makes no other line wider. */
const WIDEST = 66;

/** One part as a table of Markdown, which is a table for people in a terminal too. */
export function toMarkdown({ title, rows, notes = [] }: PartReport): string {
  const cells = rows.map((row) => [
    row.name,
    `${shown(row.value)} ${row.unit}`.trim(),
    row.references.map((reference) => shownReference(row, reference)).join(", "),
    row.bound === undefined ? "" : shownBound(row.bound),
    { true: "yes", false: "**no**", undefined: "" }[String(isMet(row))] ?? "",
  ]);
  const all = [["", "keyless-csi", "in the same run", "wanted", "met"], ...cells];
  const widths = [0, 1, 2, 3, 4].map((column) =>
    Math.min(WIDEST, Math.max(3, ...all.map((line) => line[column]?.length ?? 0))),
  );
  const line = (texts: readonly string[]) => `| ${texts.map((text, i) => text.padEnd(widths[i] ?? 0)).join(" | ")} |`;
  const rule = `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`;
  const [head = [], ...body] = all;
  return [`### ${title}`, "", line(head), rule, ...body.map(line), ...notes.flatMap((note) => ["", note])].join("\n");
}
