// `npm run bench`: how long the service bundle takes until it serves, and how much memory it then uses. Each run is a
// separate process; minimum, median and maximum are printed.
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BUNDLES, bundle } from "./bundle.ts";

const RUNS = 7;
const GUID = "00000000-0000-4000-8000-000000000001";

interface Figures {
  readonly milliseconds: number;
  readonly residentMiB: number;
}

/** Starts the controller, waits for its "serving", reads its memory, ends it. It signs in nowhere: no variable of Azure's says as whom. */
async function measure(file: string, folder: string): Promise<Figures> {
  const began = performance.now();
  const child = spawn(process.execPath, [
    ...[file, "controller", `--endpoint=unix://${join(folder, "csi.sock")}`, "--credential=environment"],
    ...["--cluster-id=bench", "--subscription-id", GUID, "--tenant-id", GUID],
    ...["--resource-group=bench", "--location=westeurope"],
  ]);
  const ended = new Promise((resolve) => child.once("exit", resolve));
  let log = "";
  for await (const chunk of child.stderr.setEncoding("utf8")) {
    log += chunk;
    if (log.includes('"serving"')) break;
  }
  const milliseconds = performance.now() - began;
  if (!log.includes('"serving"')) throw new Error(`the controller did not serve:\n${log}`);
  const status = await readFile(`/proc/${child.pid}/status`, "utf8");
  child.kill("SIGTERM");
  await ended;
  return { milliseconds, residentMiB: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024 };
}

function show(name: string, unit: string, values: readonly number[]): void {
  const sorted = values.toSorted((a, b) => a - b).map((value) => value.toFixed(0));
  console.log(
    `${name}: ${sorted[0]} / ${sorted[Math.floor(sorted.length / 2)]} / ${sorted.at(-1)} ${unit} (min / median / max of ${RUNS})`,
  );
}

const folder = await mkdtemp(join(tmpdir(), "keyless-csi-bench-"));
try {
  const file = await bundle(BUNDLES.service, folder);
  const figures: Figures[] = [];
  for (let run = 0; run < RUNS; run += 1) figures.push(await measure(file, folder));
  show(
    "start to serving",
    "ms",
    figures.map((each) => each.milliseconds),
  );
  show(
    "resident memory when serving",
    "MiB",
    figures.map((each) => each.residentMiB),
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}
