// (d) Resident memory and processor time over 10,000 volumes, with Kubernetes, 100 in flight, beside the do-nothing server under
// the same flags and the same load. When V8 collects is chance: each way is measured in three runs, and the one in the middle counts.
import { middleOf, type Point, slope } from "../arithmetic.ts";
import { type Context, newLoad, runBlock, startOnStandIn, type Way } from "../context.ts";
import type { PartReport, Row, Series } from "../report.ts";
import { startStandInProcess } from "../stand-in/process.ts";
import { type Subject, startDoNothing } from "../subjects.ts";

const STEP = 1_000;
const RUNS = 3;

export async function measureMemory(context: Context): Promise<PartReport> {
  const rows: Row[] = [];
  const series: Series[] = [];
  const notes = [
    "The API server is the stand-in's: it answers each claim, the class, the namespace and the CSIDriver object.",
  ];
  for (const way of context.ways) {
    const runs: Growth[] = [];
    while (runs.length < (context.isShort ? 1 : RUNS)) runs.push(await grow(context, way, runs.length + 1));
    const growth = middleOf(runs, overNothing);
    notes.push(
      `${way.name}: ${runs.map((run) => overNothing(run).toFixed(1)).join(", ")} MiB over do-nothing in each run.`,
    );
    rows.push(...toRows(way, growth));
    series.push(toSeries(`${way.name}: keyless-csi`, growth.product));
    series.push(toSeries(`${way.name}: do-nothing`, growth.nothing));
  }
  return { key: "memory", title: "(d) Memory with Kubernetes, 100 in flight", rows, series, notes };
}

interface Growth {
  readonly product: readonly Point[];
  readonly nothing: readonly Point[];
  readonly cpuMs: number;
}

function overNothing({ product, nothing }: Growth): number {
  return (product.at(-1)?.y ?? 0) - (nothing.at(-1)?.y ?? 0);
}

async function grow(context: Context, way: Way, run: number): Promise<Growth> {
  const standIn = await startStandInProcess(
    context.environment.folder,
    `stand-in-memory-${way.name.replaceAll(" ", "")}-${run}`,
  );
  const subjects: [Subject, Subject] = [
    await startOnStandIn(context, standIn, way, { kubernetes: true }),
    await startDoNothing(context.environment),
  ];
  try {
    const lines = subjects.map((subject) => [{ x: 0, y: subject.figures().residentMiB }]);
    const steps = context.isShort ? 3 : 10;
    let cpuMs = 0;
    for (let step = 1; step <= steps; step += 1) {
      context.say(`memory, ${way.name}, run ${run}: ${step * STEP} volumes`);
      for (const [index, subject] of subjects.entries()) {
        const block = await runBlock(subject, await newLoad(way, STEP, 100));
        if (index === 0) cpuMs += block.cpuMs / steps;
        lines[index]?.push({ x: step * STEP, y: subject.figures().residentMiB });
      }
    }
    const [product = [], nothing = []] = lines;
    return { product, nothing, cpuMs };
  } finally {
    for (const subject of subjects) await subject.stop();
    await standIn.stop();
  }
}

function toRows({ name }: Way, growth: Growth): readonly Row[] {
  const { product, nothing, cpuMs } = growth;
  const [before, after] = [product[0]?.y ?? 0, product.at(-1)?.y ?? 0];
  const [beforeNothing, afterNothing] = [nothing[0]?.y ?? 0, nothing.at(-1)?.y ?? 0];
  const volumes = product.at(-1)?.x.toLocaleString("en-US");
  const late = (points: readonly Point[]) => slope(points.slice(Math.floor(points.length / 2))) * 1_000;
  const beside = (value: number) => [{ name: "do-nothing", value }];
  return [
    { name: `${name}: resident at the start`, unit: "MiB", value: before, references: beside(beforeNothing) },
    { name: `${name}: resident after ${volumes} volumes`, unit: "MiB", value: after, references: beside(afterNothing) },
    {
      name: `${name}: over do-nothing`,
      unit: "MiB",
      value: overNothing(growth),
      references: [],
      bound: { atMost: 45 },
    },
    {
      name: `${name}: each further 1,000, over the last half`,
      unit: "MiB",
      value: late(product),
      references: beside(late(nothing)),
      bound: { atMost: 1 },
    },
    { name: `${name}: processor time a volume, from the start`, unit: "ms", value: cpuMs, references: [] },
  ];
}

function toSeries(name: string, points: readonly Point[]): Series {
  return { name, x: "volumes", y: "MiB resident", points: points.map(({ x, y }) => [x, y] as const) };
}
