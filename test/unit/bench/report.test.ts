// What the bench makes of its figures: verdicts, tables, the record, pictures; and that what docs shows is current.
import { deepEqual, equal, match, notEqual, ok, throws } from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { drawLines, powersOfTen, ticks } from "../../../scripts/bench/picture.ts";
import {
  type Circumstances,
  isMet,
  type PartReport,
  type Row,
  shown,
  toMarkdown,
  withParts,
} from "../../../scripts/bench/report.ts";
import {
  generateBenchPage,
  generateGrowthPicture,
  generateMemoryPicture,
  readRecord,
} from "../../../scripts/generate-bench.ts";
import { repository } from "../../support/sources.ts";

const row = (value: number, bound?: Row["bound"]): Row => {
  return { name: "rate", unit: "volumes/s", value, references: [], ...(bound && { bound }) };
};
const measured: Circumstances = {
  at: "2026-11-27T05:00:00.000Z",
  commit: "abc",
  command: "npm run bench",
  machine: { cpu: "c", cores: 2, memoryGiB: 24, system: "Linux 6", node: "v24" },
  nodeFlags: [],
  load: 0.5,
};
const part = (key: string, value: number): PartReport & { readonly measured: Circumstances } => {
  return { key, title: key, rows: [row(value)], measured };
};

describe("a report of the bench", () => {
  it("says whether a bound is met, and nothing where there is none", () => {
    equal(isMet(row(1.2, { atMost: 1.2 })), true);
    equal(isMet(row(1.21, { atMost: 1.2 })), false);
    equal(isMet(row(0.69, { atLeast: 0.7 })), false);
    equal(isMet(row(1, { atLeast: 1, atMost: 1 })), true);
    equal(isMet(row(Number.NaN, { atMost: 1 })), false);
    equal(isMet(row(5)), undefined);
  });

  it("shows three digits, whole thousands, and a dash for no number", () => {
    deepEqual([0.38512, 12.345, 1234.5, Number.NaN, 0].map(shown), ["0.385", "12.3", "1,235", "-", "0"]);
  });

  it("is a table with each figure beside its references and its bound", () => {
    const references = [{ name: "do-nothing", value: 5864.8 }];
    const text = toMarkdown({
      ...part("a", 0),
      rows: [{ ...row(617.2, { atLeast: 700 }), references }],
      notes: ["A note."],
    });
    match(text, /\| rate +\| 617 volumes\/s +\| do-nothing 5,865 +\| >= 700 +\| \*\*no\*\* +\|/);
    match(text, /\n\nA note\.$/);
  });

  it("takes the place of earlier measurements of its parts, and leaves others", () => {
    const before = withParts(undefined, [part("b", 1), part("a", 1)], ["a", "b"]);
    deepEqual(
      before.parts.map(({ key }) => key),
      ["a", "b"],
    );
    const after = withParts(before, [part("b", 2)], ["a", "b"]);
    deepEqual(
      after.parts.map(({ rows }) => rows[0]?.value),
      [1, 2],
    );
  });
});

describe("a picture", () => {
  const series = [
    { name: "a & b", x: "volumes", y: "MiB", points: [[0, 50] as const, [1000, 60] as const] },
    { name: "c", x: "volumes", y: "MiB", points: [[0, 50] as const, [1000, 60] as const] },
  ];

  it("is the same for the same figures, has a line for each series, a dot for each figure, and names apart", () => {
    const svg = drawLines({ title: "t", series });
    equal(drawLines({ title: "t", series }), svg);
    equal(svg.match(/<polyline/g)?.length, 2);
    equal(svg.match(/<circle/g)?.length, 4);
    match(svg, />a &amp; b</);
    const [first, second] = [...svg.matchAll(/<text x="528" y="([\d.]+)"/g)].map(([, y]) => Number(y));
    ok(Math.abs((second ?? 0) - (first ?? 0)) >= 16);
    notEqual(drawLines({ title: "t", series, isLogarithmic: true }), svg);
  });

  it("has axes of round numbers that hold all values", () => {
    deepEqual(ticks(10_000), [0, 2000, 4000, 6000, 8000, 10_000]);
    deepEqual(ticks(347), [0, 100, 200, 300, 400]);
    deepEqual(powersOfTen(2.1, 1398), [1, 10, 100, 1000, 10_000]);
    deepEqual(powersOfTen(10, 10), [10, 100]);
  });

  it("of nothing is an error", () => {
    throws(() => drawLines({ title: "t", series: [] }), /nothing to draw: t/);
  });
});

describe("the recorded figures", () => {
  it("have the form that the bench writes", async () => {
    const { format, parts } = await readRecord();
    equal(format, 1);
    ok(parts.length > 0);
    for (const { key, rows, measured } of parts) {
      match(measured.at, /^\d{4}-\d\d-\d\dT/, key);
      ok(rows.length > 0 && rows.every(({ name, value }) => name !== "" && Number.isFinite(value)), key);
    }
  });

  const shownBy = {
    "docs/reference/bench.md": generateBenchPage,
    "docs/explanation/bench-memory.svg": generateMemoryPicture,
    "docs/explanation/bench-growth.svg": generateGrowthPicture,
  };
  for (const [path, generate] of Object.entries(shownBy)) {
    it(`are shown by ${path}; if not, run npm run generate`, async () => {
      equal(await readFile(join(repository, path), "utf8"), await generate());
    });
  }
});
