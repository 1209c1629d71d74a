// `npm run bench [-- OPTIONS]`: what the controller costs, beside its references in the same run. `--help` lists the parts.
// docs/explanation/performance.md has the figures of the last recorded run, and what they do not say.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { cpus, loadavg, release, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { stop } from "esbuild";
import { type Context, findWays } from "./bench/context.ts";
import { measureCalls } from "./bench/parts/calls.ts";
import { measureClaims } from "./bench/parts/claims.ts";
import { measureCold } from "./bench/parts/cold.ts";
import { measureGrowth } from "./bench/parts/growth.ts";
import { measureGrpc } from "./bench/parts/grpc.ts";
import { measureMemory } from "./bench/parts/memory.ts";
import { measureRealistic } from "./bench/parts/realistic.ts";
import { measureSdk } from "./bench/parts/sdk.ts";
import { measureStart } from "./bench/parts/start.ts";
import { measureStorm } from "./bench/parts/storm.ts";
import { type Machine, type PartReport, type Report, toMarkdown, withParts } from "./bench/report.ts";
import { buildSubjects } from "./bench/subjects.ts";
import { NODE_FLAGS } from "./bundle/node-flags.ts";

interface Part {
  readonly about: string;
  measure(context: Context): Promise<PartReport>;
}

const PARTS: Readonly<Record<string, Part>> = {
  grpc: { about: "warm CreateVolume: rate, processor time, latency (2 min a way)", measure: measureGrpc },
  cold: { about: "100 volumes at once whose account does not exist (1 min a way)", measure: measureCold },
  sdk: { about: "what the Azure SDKs cost beyond bare requests (1 min)", measure: measureSdk },
  claims: { about: "500 claims until Bound on a real control plane (5 min; needs Go)", measure: measureClaims },
  realistic: {
    about: "1,000 volumes a minute on the emulator with Azure's times, cold and warm (20 min)",
    measure: measureRealistic,
  },
  storm: { about: "500 creations and 500 deletions at once, Azure's limits enforced (5 min)", measure: measureStorm },
  start: { about: "start until serving (10 s)", measure: measureStart },
  memory: { about: "resident memory over 10,000 volumes, three runs (3 min a way)", measure: measureMemory },
  growth: { about: "creation and deletion in clusters of up to 100,000 volumes (2 min)", measure: measureGrowth },
  calls: { about: "calls for each volume, by kind (10 s a way)", measure: measureCalls },
};

const HELP = `Usage: npm run bench -- [--part NAME]... [--way NAME]... [--short] [--json FILE] [--node-flag FLAG]...

Measures the service bundle beside a do-nothing server and bare requests. Linux only.

  --part NAME       only this part; may be repeated
${Object.entries(PARTS)
  .map(([name, { about }]) => `                      ${name.padEnd(10)} ${about}`)
  .join("\n")}
  --way NAME        only this way: arm, "arm + account", blob, "blob + account"; may be repeated
  --short           a fraction of the load: shows that a part works, and roughly what it finds
  --minutes N       length of each phase of the part realistic (10)
  --cold-minutes N  length of its first phase alone
  --json FILE       also writes the figures as JSON; parts of the file that are not measured now stay
  --node-flag FLAG  of Node, for product and references alike; may be repeated (those of the image: ${NODE_FLAGS.join(" ")})
`;

const { values } = parseArgs({
  options: {
    part: { type: "string", multiple: true, default: Object.keys(PARTS) },
    way: { type: "string", multiple: true },
    short: { type: "boolean", default: false },
    minutes: { type: "string", default: "10" },
    "cold-minutes": { type: "string" },
    json: { type: "string" },
    "node-flag": { type: "string", multiple: true, default: [...NODE_FLAGS] },
    help: { type: "boolean", default: false },
  },
});

if (values.help) {
  console.log(HELP);
  process.exit();
}
const unknown = values.part.find((name) => !(name in PARTS));
if (unknown !== undefined) {
  console.error(`bench: no part "${unknown}"; there are ${Object.keys(PARTS).join(", ")}`);
  process.exit(2);
}

// What it has started is ended when it exits, which a signal alone would not let it do.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));

const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();

// Short: a socket's path may have 107 bytes.
const folder = await mkdtemp(join(tmpdir(), "kcb-"));
try {
  const built = await buildSubjects(folder);
  await stop(); // its process would go on beside what is measured
  const known = await findWays(built.product);
  const { way: wanted } = values;
  const ways = wanted === undefined ? known : known.filter(({ name }) => wanted.includes(name));
  if (ways.length === 0) throw new Error(`no such way; this build has ${known.map(({ name }) => name).join(", ")}`);
  const environment = { folder, built, nodeFlags: values["node-flag"] };
  const minutes = { cold: Number(values["cold-minutes"] ?? values.minutes), warm: Number(values.minutes) };
  const say = (text: string) => console.error(`bench: ${text}`);
  for (const [name, part] of Object.entries(PARTS)) {
    if (!values.part.includes(name)) continue;
    const [load = 0] = loadavg();
    const report = await part.measure({
      environment,
      isShort: values.short,
      minutes,
      ways,
      hasBlob: known.length > 2,
      say,
    });
    console.log(`${toMarkdown(report)}\n`);
    if (values.json !== undefined) await record(values.json, report, load);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** After each part: what was measured stays when a later part fails. */
async function record(file: string, part: PartReport, load: number): Promise<void> {
  const before = existsSync(file) ? (JSON.parse(await readFile(file, "utf8")) as Report) : undefined;
  const measured = {
    at: new Date().toISOString(),
    commit,
    command: ["npm run bench --", ...process.argv.slice(2).map(quoted)].join(" ").replace(/ --$/, ""),
    machine: machine(),
    nodeFlags: values["node-flag"],
    load,
  };
  await writeFile(
    file,
    `${JSON.stringify(withParts(before, [{ ...part, measured }], Object.keys(PARTS)), undefined, 2)}\n`,
  );
}

function quoted(argument: string): string {
  return argument.includes(" ") ? `"${argument}"` : argument;
}

function machine(): Machine {
  const [first] = cpus();
  return {
    cpu: first?.model.trim() ?? "unknown",
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `Linux ${release()}`,
    node: process.version,
  };
}
