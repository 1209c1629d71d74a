// (e) Which calls a volume needs, by kind: the first of a class, a warm one, a repeated one, a deleted one.
import { type Context, newLoad, startOnStandIn, type Way } from "../context.ts";
import type { Load } from "../load/load.ts";
import type { PartReport, Row } from "../report.ts";
import { type StandInProcess, startStandInProcess } from "../stand-in/process.ts";
import type { Subject } from "../subjects.ts";

const VOLUMES = 100;
/** One after another, so that none joins another's call. */
const IN_FLIGHT = 1;

export async function measureCalls(context: Context): Promise<PartReport> {
  const rows: Row[] = [];
  for (const way of context.ways) {
    context.say(`calls by kind, ${way.name}`);
    rows.push(...(await countWay(context, way)));
  }
  const notes = [
    "Means over 100 volumes, one after another; the first of a class also signs in. `k8s` is the API server.",
  ];
  return { key: "calls", title: "(e) Calls for each volume, by kind", rows, notes };
}

async function countWay(context: Context, way: Way): Promise<readonly Row[]> {
  const standIn = await startStandInProcess(
    context.environment.folder,
    `stand-in-calls-${way.name.replaceAll(" ", "")}`,
  );
  const product = await startOnStandIn(context, standIn, way);
  try {
    const first = await newLoad(way, 1, IN_FLIGHT);
    const warm = await newLoad(way, VOLUMES, IN_FLIGHT);
    const count = createCount(standIn, product, way);
    return [
      ...(await count("first of a class", first)),
      ...(await count("warm", warm)),
      ...(await count("repeated", warm)),
      ...(await count("deleted", { ...warm, kind: "delete" })),
    ];
  } finally {
    await product.stop();
    await standIn.stop();
  }
}

function createCount(standIn: StandInProcess, product: Subject, way: Way) {
  return async (what: string, load: Load): Promise<readonly Row[]> => {
    await standIn.reset();
    const { failed, failure } = await product.loader.run(load);
    if (failed > 0) throw new Error(`${failed} calls failed: ${failure}`);
    const { kinds } = await standIn.counts();
    // What background tasks do for the process, not for the volume.
    const own = Object.entries(kinds).filter(([kind]) => !kind.endsWith("k8s leases"));
    const azure = own.filter(([kind]) => !kind.includes(" k8s "));
    const sum = azure.reduce((total, [, count]) => total + count, 0) / load.volumes;
    const isBounded = what === "warm" && way.name === "blob + account";
    const row: Row = {
      name: `${way.name}, ${what}: to Azure`,
      unit: "calls",
      value: sum,
      references: own.map(([kind, count]) => ({ name: kind, value: count / load.volumes })),
      // 0.05 for the verification that follows a use now and then.
      ...(isBounded && { bound: { atMost: 1.05 } }),
    };
    return [row];
  };
}
