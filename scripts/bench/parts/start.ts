// (d) From the start of the process until it serves, beside an empty Node program and the do-nothing server.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { NODE_ENVIRONMENT } from "../../bundle/node-flags.ts";
import { percentile } from "../arithmetic.ts";
import type { Context } from "../context.ts";
import { figuresOf } from "../process-figures.ts";
import type { PartReport, Row } from "../report.ts";
import { startStandInProcess } from "../stand-in/process.ts";

const RUNS = 7;
const SERVING = '"message":"serving"';
const EMPTY = "node that only says so";
/** Says that it serves, as the others do, and then waits to be ended. */
const SAYS_SO = `process.stderr.write('{"message":"serving"}'); setTimeout(() => {}, 60_000)`;

const NOTES = [
  "Medians. The reading of what a process has used comes some milliseconds after it has said that it serves. Only keyless-csi has a code " +
    "cache of V8 from its build, as in its image.",
];

interface Run {
  readonly milliseconds: number;
  readonly cpuMs: number;
}

export async function measureStart(context: Context): Promise<PartReport> {
  const { folder, built, nodeFlags } = context.environment;
  const standIn = await startStandInProcess(folder, "stand-in-start");
  const socket = join(folder, "start.sock");
  const product = [built.product, "controller", `--endpoint=unix://${socket}`, `--cloud-file=${standIn.cloudFile}`];
  const programs: Readonly<Record<string, readonly string[]>> = {
    [EMPTY]: ["-e", SAYS_SO],
    "do-nothing": [...nodeFlags, built.doNothing, socket],
    "keyless-csi without Kubernetes": [...nodeFlags, ...product, "--kubernetes=off"],
    "keyless-csi with Kubernetes": [...nodeFlags, ...product, "--kubernetes=on", `--kubeconfig=${standIn.kubeconfig}`],
  };
  const times = new Map(Object.keys(programs).map((name) => [name, [] as Run[]]));
  try {
    context.say(`start to socket, ${RUNS} runs`);
    for (let run = 0; run < RUNS; run += 1) {
      for (const [name, args] of Object.entries(programs)) times.get(name)?.push(await startOnce(args));
    }
  } finally {
    await standIn.stop();
  }
  return { key: "start", title: `(d) Start until serving, ${RUNS} runs each`, rows: toRows(times), notes: NOTES };
}

/** Until it says that it serves; it is ended then. */
async function startOnce(args: readonly string[]): Promise<Run> {
  const begun = performance.now();
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...NODE_ENVIRONMENT },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  let log = "";
  for await (const chunk of child.stderr.setEncoding("utf8")) {
    log += chunk;
    if (log.includes(SERVING)) break;
  }
  const milliseconds = performance.now() - begun;
  if (!log.includes(SERVING)) throw new Error(`${args.join(" ")} did not serve:\n${log}`);
  const { cpuMs } = figuresOf(child.pid ?? 0);
  child.kill("SIGTERM");
  await ended;
  return { milliseconds, cpuMs };
}

function toRows(runs: ReadonlyMap<string, readonly Run[]>): readonly Row[] {
  return [...runs].flatMap(([name, all]) => {
    const bound = name.startsWith("keyless-csi") ? { bound: { atMost: 400 } } : {};
    return [
      {
        ...toRow(
          `${name}: until serving`,
          all.map(({ milliseconds }) => milliseconds),
        ),
        ...bound,
      },
      toRow(
        `${name}: processor time until then`,
        all.map(({ cpuMs }) => cpuMs),
      ),
    ];
  });
}

function toRow(name: string, values: readonly number[]): Row {
  const references = [
    { name: "min", value: percentile(values, 0) },
    { name: "max", value: percentile(values, 1) },
  ];
  return { name, unit: "ms", value: percentile(values, 0.5), references };
}
