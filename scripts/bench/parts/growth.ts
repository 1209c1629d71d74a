// How the cost of a volume grows with the number of volumes in the cluster. A creation looks at none of them; a deletion makes
// sure that no PersistentVolume uses the container, and reads all of them for it.
import { type Context, newLoad, runBlock, startOnStandIn, type Way } from "../context.ts";
import type { PartReport, Row, Series } from "../report.ts";
import { type StandInProcess, startStandInProcess } from "../stand-in/process.ts";
import type { Subject } from "../subjects.ts";

const SIZES = [0, 1_000, 10_000, 30_000, 100_000];
/** One after another: deletions that wait together share a list. */
const DELETED = 5;
const TOGETHER = 50;
const CREATED = 300;

interface Costs {
  readonly volumes: number;
  readonly create: number;
  readonly alone: number;
  readonly together: number;
  readonly peakMiB: number;
}

export async function measureGrowth(context: Context): Promise<PartReport> {
  const way = context.ways.find(({ name }) => name === "blob + account") ?? context.ways[0];
  if (way === undefined) throw new Error("there is no way to measure");
  const costs: Costs[] = [];
  for (const volumes of context.isShort ? SIZES.slice(0, 3) : SIZES) {
    context.say(`growth: ${volumes} volumes in the cluster`);
    costs.push(await measureSize(context, way, volumes));
  }
  const notes = [
    `The way is \`${way.name}\`; the API server is the stand-in's, which lists that many PersistentVolumes. Memory: the most of the whole process.`,
  ];
  return {
    key: "growth",
    title: "Cost of a volume by the size of the cluster",
    rows: costs.flatMap(toRows),
    series: toSeries(costs),
    notes,
  };
}

/** A process of its own for each size: its peak is that of this size. */
async function measureSize(context: Context, way: Way, volumes: number): Promise<Costs> {
  const standIn = await startStandInProcess(context.environment.folder, `stand-in-growth-${volumes}`);
  const product = await startOnStandIn(context, standIn, way, { kubernetes: true });
  try {
    return await measureOn(standIn, product, way, volumes);
  } finally {
    await product.stop();
    await standIn.stop();
  }
}

async function measureOn(standIn: StandInProcess, product: Subject, way: Way, volumes: number): Promise<Costs> {
  const deleted = await newLoad(way, DELETED, 1);
  const together = await newLoad(way, TOGETHER, TOGETHER);
  await runBlock(product, await newLoad(way, CREATED, 20));
  await runBlock(product, deleted);
  await runBlock(product, together);
  await standIn.set({ persistentVolumes: volumes });
  const create = await runBlock(product, await newLoad(way, CREATED, 20));
  const alone = await runBlock(product, { ...deleted, kind: "delete" });
  const many = await runBlock(product, { ...together, kind: "delete" });
  return {
    volumes,
    create: create.cpuMs,
    alone: alone.cpuMs,
    together: many.cpuMs,
    peakMiB: product.figures().peakMiB,
  };
}

function toRows({ volumes, create, alone, together, peakMiB }: Costs): readonly Row[] {
  const row = (what: string, unit: string, value: number, references: Row["references"] = []): Row => {
    return { name: `${volumes.toLocaleString("en-US")} volumes: ${what}`, unit, value, references };
  };
  return [
    row("processor time of a creation", "ms", create),
    row("processor time of a deletion", "ms", alone, [{ name: `each of ${TOGETHER} at once`, value: together }]),
    row("resident memory at most", "MiB", peakMiB),
  ];
}

function toSeries(costs: readonly Costs[]): readonly Series[] {
  const series = (name: string, pick: (costs: Costs) => number): Series => {
    const points = costs.map((each) => [each.volumes, pick(each)] as const);
    return { name, x: "volumes in the cluster", y: "ms of processor time", points };
  };
  return [
    series("a creation", ({ create }) => create),
    series("a deletion alone", ({ alone }) => alone),
    series(`each of ${TOGETHER} deletions at once`, ({ together }) => together),
  ];
}
