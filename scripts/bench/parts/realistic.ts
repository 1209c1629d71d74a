// (c) 1,000 volumes a minute on the full emulator with Azure's times: accounts of 20 s, calls of 50 ms median and 500 ms at the
// 99th percentile, every documented limit enforced. First from nothing, then warm.
import { classFor } from "../classes.ts";
import { type Context, flagsFor, type Way } from "../context.ts";
import { type EmulatorProcess, startEmulatorProcess } from "../emulator.ts";
import type { LoadResult } from "../load/load.ts";
import type { PartReport, Row } from "../report.ts";
import { startStandInProcess } from "../stand-in/process.ts";
import { type Subject, startProduct } from "../subjects.ts";

const PER_MINUTE = 1_000;
const MOST_IN_FLIGHT = 2_000;

export async function measureRealistic(context: Context): Promise<PartReport> {
  const way = context.ways.find(({ name }) => name === "blob + account");
  if (way === undefined)
    throw new Error("(c) needs the way blob + account: ARM takes 1,200 writes an hour, 20 volumes a minute");
  const minutes = context.isShort ? { cold: 1, warm: 1 } : context.minutes;
  const { folder } = context.environment;
  const azure = await startEmulatorProcess(folder, TIMES);
  const cluster = await startStandInProcess(folder, "stand-in-realistic");
  let product: Subject | undefined;
  try {
    const options = { cloudFile: azure.readyFile, kubeconfig: cluster.kubeconfig, flags: flagsFor(context, way) };
    product = await startProduct(context.environment, options);
    const rows: Row[] = [];
    for (const phase of ["cold", "warm"] as const) {
      context.say(`realistic Azure, ${phase}: ${PER_MINUTE} volumes a minute for ${minutes[phase]} min`);
      rows.push(...(await runPhase({ way, azure, product }, phase, minutes[phase])));
    }
    const phases = `The cold phase lasts ${minutes.cold} min, the warm one ${minutes.warm} min.`;
    return {
      key: "realistic",
      title: `(c) Realistic Azure: ${PER_MINUTE} volumes a minute for ${minutes.warm} min`,
      rows,
      notes: [phases, ...NOTES],
    };
  } finally {
    await product?.stop();
    await cluster.stop();
    await azure.stop();
  }
}

const TIMES = ["--realistic", "--account-creation-seconds=20", "--call-milliseconds=50/500"];
/** After the last volume was due, until those that are not served count as failed. */
const PATIENCE_SECONDS = 120;

const NOTES = [
  "The way is `blob + account`. Cold begins with nothing: no account, no role assignment, not signed in. The API server is the stand-in's. " +
    "That the controller's right to write containers is enough on the data plane is as documented, and not yet shown on Azure.",
];

interface Setting {
  readonly way: Way;
  readonly azure: EmulatorProcess;
  readonly product: Subject;
}

async function runPhase(
  { way, azure, product }: Setting,
  phase: "cold" | "warm",
  minutes: number,
): Promise<readonly Row[]> {
  await azure.admin.clearCalls();
  const before = { azure: azure.figures(), product: product.figures() };
  const volumes = minutes * PER_MINUTE;
  const shape = await classFor(way.grantScope, azure.clientId);
  const limitSeconds = minutes * 60 + PATIENCE_SECONDS;
  const pace = { volumes, inFlight: MOST_IN_FLIGHT, perSecond: PER_MINUTE / 60, limitSeconds };
  const result = await product.loader.run({ ...shape, ...pace, kind: "create", prefix: `realistic-${phase}` });
  if (result.failed > 0) throw new Error(`${result.failed} volumes failed: ${result.failure}`);
  const busy = (azure.figures().cpuMs - before.azure.cpuMs) / (result.seconds * 1000);
  const cpuMs = (product.figures().cpuMs - before.product.cpuMs) / volumes;
  return toRows(phase, result, { calls: await azure.admin.calls(), busy, cpuMs });
}

interface Seen {
  readonly calls: Awaited<ReturnType<EmulatorProcess["admin"]["calls"]>>;
  readonly busy: number;
  readonly cpuMs: number;
}

function toRows(phase: "cold" | "warm", result: LoadResult, { calls, busy, cpuMs }: Seen): readonly Row[] {
  const { volumes, seconds, p50, p99, max } = result;
  const count = (service: string) =>
    Object.entries(calls.counts)
      .filter(([name]) => name.startsWith(`${service} `))
      .reduce((sum, [, each]) => sum + each, 0);
  const throttled = calls.calls.filter(({ status }) => status === 429).length / Math.max(1, calls.calls.length);
  const isWarm = phase === "warm";
  const row = (name: string, unit: string, value: number, more: Partial<Row> = {}): Row => {
    return { name: `${phase}: ${name}`, unit, value, references: [], ...more };
  };
  return [
    row("volumes a minute, from the first call to the last answer", "", (volumes / seconds) * 60, {
      ...(isWarm && { bound: { atLeast: 0.99 * PER_MINUTE } }),
    }),
    row("99th percentile of a volume", "s", p99 / 1000, {
      references: [
        { name: "median", value: p50 / 1000 },
        { name: "slowest", value: max / 1000 },
      ],
      ...(isWarm && { bound: { atMost: 2 } }),
    }),
    row("share of calls that were throttled", "%", throttled * 100, { bound: { atMost: 1 } }),
    row("ARM calls a volume", "", count("arm") / volumes, isWarm ? { bound: { atMost: 0.05 } } : {}),
    row("blob calls a volume", "", count("blob") / volumes),
    row("alarms of the emulator, such as listKeys", "", calls.alarms.length, { bound: { atMost: 0 } }),
    row("processor time a volume", "ms", cpuMs),
    row("the emulator's own load", "% of a core", busy * 100),
  ];
}
