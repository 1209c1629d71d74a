// (a) CreateVolume over the socket, warm: rate, processor time and latency, for each way beside the do-nothing server and the
// bare requests.
import { median } from "../arithmetic.ts";
import { alternate, type Block, type Context, newLoad, runBlock, startOnStandIn, type Way } from "../context.ts";
import { planFrom } from "../references/plans.ts";
import type { PartReport, Row } from "../report.ts";
import { type StandInProcess, startStandInProcess } from "../stand-in/process.ts";
import { type Subject, startBareRequests, startDoNothing } from "../subjects.ts";

const IN_FLIGHT = 100;

/** Wanted of each way that has a bound. */
const MOST_CPU_MS: Readonly<Record<string, number>> = { arm: 2.5, "blob + account": 1.2 };

export async function measureGrpc(context: Context): Promise<PartReport> {
  const rows: Row[] = [];
  for (const way of context.ways) {
    context.say(`warm CreateVolume, ${way.name}`);
    rows.push(...(await measureWay(context, way)));
  }
  const notes = [
    "`arm`: containers and role assignments through ARM, without Kubernetes. `+ account`: one role assignment for each account, " +
      "which needs isolation by namespace, and so reads of the API server; the bare requests contain those reads too.",
  ];
  return { key: "grpc", title: "(a) CreateVolume over the socket, warm", rows, notes };
}

async function measureWay(context: Context, way: Way): Promise<readonly Row[]> {
  const standIn = await startStandInProcess(
    context.environment.folder,
    `stand-in-grpc-${way.name.replaceAll(" ", "")}`,
  );
  const subjects: Subject[] = [await startOnStandIn(context, standIn, way)];
  try {
    const [product] = subjects as [Subject];
    const kinds = await warmUp(context, way, product, standIn);
    subjects.push(await startBareRequests(context.environment, kinds, standIn.cloudFile));
    subjects.push(await startDoNothing(context.environment));
    const warmUpLoad = () => newLoad(way, context.isShort ? 300 : 2_000, IN_FLIGHT);
    for (const subject of subjects.slice(1)) await runBlock(subject, await warmUpLoad());
    const [blocks, volumes] = context.isShort ? [3, 400] : [7, 1_500];
    const many = await alternate(subjects, blocks, () => newLoad(way, volumes, IN_FLIGHT));
    const single = await alternate(subjects, context.isShort ? 3 : 5, () => newLoad(way, 200, 1));
    return toRows(way, kinds.length, many, single);
  } finally {
    for (const subject of subjects) await subject.stop();
    await standIn.stop();
  }
}

/** Which requests a volume needs, once account, role and identity are known and the code is compiled. */
async function warmUp(
  { isShort }: Context,
  way: Way,
  product: Subject,
  standIn: StandInProcess,
): Promise<readonly string[]> {
  await runBlock(product, await newLoad(way, isShort ? 300 : 2_000, IN_FLIGHT));
  await standIn.reset();
  await runBlock(product, await newLoad(way, 100, 10));
  return planFrom((await standIn.counts()).kinds, 100);
}

type Blocks = readonly (readonly Block[])[];

function toRows({ name }: Way, requests: number, many: Blocks, single: Blocks): readonly Row[] {
  const [product = [], bare = [], nothing = []] = many;
  const rate = (blocks: readonly Block[]) => median(blocks.map(({ perSecond }) => perSecond));
  const cpu = (blocks: readonly Block[]) => median(blocks.map(({ cpuMs }) => cpuMs));
  const ratios = product.map(({ perSecond }, block) => perSecond / (bare[block]?.perSecond ?? Number.NaN));
  const latency = (blocks: readonly Block[] = []) => median(blocks.map(({ p50 }) => p50));
  const most = MOST_CPU_MS[name];
  const beside = (of: (blocks: readonly Block[]) => number) => [
    { name: "bare requests", value: of(bare) },
    { name: "do-nothing", value: of(nothing) },
  ];
  return [
    { name: `${name}: requests a volume`, unit: "", value: requests, references: [] },
    { name: `${name}: 100 in flight`, unit: "volumes/s", value: rate(product), references: beside(rate) },
    {
      name: `${name}: rate over that of bare requests`,
      unit: "",
      value: median(ratios),
      references: [],
      ...(name === "blob + account" && { bound: { atLeast: 0.7 } }),
    },
    {
      name: `${name}: processor time a volume`,
      unit: "ms",
      value: cpu(product),
      references: beside(cpu),
      ...(most !== undefined && { bound: { atMost: most } }),
    },
    {
      name: `${name}: median latency over do-nothing, one in flight`,
      unit: "ms",
      value: latency(single[0]) - latency(single[2]),
      references: [
        { name: "bare requests", value: latency(single[1]) - latency(single[2]) },
        { name: "do-nothing itself", value: latency(single[2]) },
      ],
      bound: { atMost: 3 },
    },
  ];
}
