// (d) From the start of the process until it serves, beside an empty Node program and the do-nothing server.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { percentile } from "../arithmetic.ts";
import type { Context } from "../context.ts";
import type { PartReport, Row } from "../report.ts";
import { startStandInProcess } from "../stand-in/process.ts";

const RUNS = 7;

export async function measureStart(context: Context): Promise<PartReport> {
  const { folder, built, nodeFlags } = context.environment;
  const standIn = await startStandInProcess(folder, "stand-in-start");
  const socket = join(folder, "start.sock");
  const product = [built.product, "controller", `--endpoint=unix://${socket}`, `--cloud-file=${standIn.cloudFile}`];
  const programs: Readonly<Record<string, readonly string[]>> = {
    "node -e 0": ["-e", "0"],
    "do-nothing": [...nodeFlags, built.doNothing, socket],
    "keyless-csi without Kubernetes": [...nodeFlags, ...product, "--kubernetes=off"],
    "keyless-csi with Kubernetes": [...nodeFlags, ...product, "--kubernetes=on", `--kubeconfig=${standIn.kubeconfig}`],
  };
  const times = new Map(Object.keys(programs).map((name) => [name, [] as number[]]));
  try {
    context.say(`start to socket, ${RUNS} runs`);
    for (let run = 0; run < RUNS; run += 1) {
      for (const [name, args] of Object.entries(programs)) times.get(name)?.push(await startOnce(args));
    }
  } finally {
    await standIn.stop();
  }
  return { key: "start", title: `(d) Start until serving, ${RUNS} runs each`, rows: toRows(times) };
}

/** Milliseconds until it says that it serves, or until it has ended. It is ended then. */
async function startOnce(args: readonly string[]): Promise<number> {
  const begun = performance.now();
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  let log = "";
  for await (const chunk of child.stderr.setEncoding("utf8")) {
    log += chunk;
    if (log.includes('"message":"serving"')) break;
  }
  if (args[0] === "-e") await ended;
  const milliseconds = performance.now() - begun;
  if (args[0] !== "-e" && !log.includes('"message":"serving"'))
    throw new Error(`${args.join(" ")} did not serve:\n${log}`);
  child.kill("SIGTERM");
  await ended;
  return milliseconds;
}

function toRows(times: ReadonlyMap<string, readonly number[]>): readonly Row[] {
  return [...times].map(([name, values]) => ({
    name: `${name}: median`,
    unit: "ms",
    value: percentile(values, 0.5),
    references: [
      { name: "min", value: percentile(values, 0) },
      { name: "max", value: percentile(values, 1) },
    ],
    ...(name.startsWith("keyless-csi") && { bound: { atMost: 400 } }),
  }));
}
