/**
 * `keyless-csi support`: one file for a bug report, with what doctor and orphans say, the configuration, and the objects, logs and
 * metrics of the installation, without secrets. It reads only, and what it may not read it lists.
 */
import { PassThrough, type Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { usesKubernetes } from "../app/adapters.ts";
import { runFor } from "../concurrency/purpose.ts";
import type { ControllerConfig } from "../config/controller.ts";
import { amount, duration, path, toggle } from "../config/kinds.ts";
import type { GivenSettings } from "../config/load.ts";
import { namespacedName } from "../config/object-kinds.ts";
import type { SettingProblem } from "../config/problem.ts";
import { type Draft, optional, setting, type ValuesOf } from "../config/setting.ts";
import type { Status } from "../doctor/check.ts";
import { DriverError } from "../errors.ts";
import { connect } from "../kubernetes/clients.ts";
import type { Attempt } from "../kubernetes/inspection/attempt.ts";
import { describeError } from "../telemetry/redaction.ts";
import { isSecretName } from "../text/scrub-foreign.ts";
import { VERSION } from "../version.ts";
import { type CommandContext, defineCommand, EXIT } from "./command.ts";
import { toJsonReport } from "./doctor/report.ts";
import { diagnose } from "./doctor.ts";
import { findOperatorProblems, operatorSettings, toOperatorConfig } from "./operator-settings.ts";
import { runOrphans } from "./orphans.ts";
import { type Bundle, createBundle } from "./support/bundle.ts";
import { addCluster } from "./support/cluster-part.ts";
import { toEffective } from "./support/configuration.ts";
import { type Destination, openFile, toStandardOutput } from "./support/destination.ts";
import { createRedactor } from "./support/redactor.ts";

const GROUP = "Support bundle";
const STANDARD_OUTPUT = "-";
const MIB = 1 << 20;
/** As `orphans` has it by default. */
const ORPHANS_OLDER_THAN_MS = 3_600_000;

/** What POSIX shells call their folders is no password. */
const FOLDERS = ["PWD", "OLDPWD"];

const settings = {
  output: optional(path, {
    group: GROUP,
    help: "the file to write, which must not exist yet; - is standard output",
    absent: "keyless-csi-support-<time>.tar.gz in the current folder",
  }),
  stdout: setting(toggle, { group: GROUP, help: "write to standard output", fallback: "false" }),
  claim: optional(namespacedName, {
    group: GROUP,
    help: "the claim that the report is about: doctor says why it waits",
    absent: "no claim is looked at",
  }),
  since: setting(duration({ max: "8760h" }), {
    group: GROUP,
    help: "how far back logs go; 0s: as far as the nodes have kept them",
    fallback: "24h",
  }),
  "max-log-size": setting(amount({ max: 16, whole: true }), {
    group: GROUP,
    help: "MiB of each container's log, of which the newest are kept",
    fallback: "4",
  }),
  orphans: setting(toggle, {
    group: GROUP,
    help: "look for what is left in Azure, which lists every account and may take minutes",
    fallback: "true",
  }),
  ...operatorSettings,
};

type SupportValues = ValuesOf<typeof settings>;

function findProblems(draft: Draft<typeof settings>, env: NodeJS.ProcessEnv): readonly SettingProblem[] {
  const problems = findOperatorProblems(draft, env);
  if (draft.stdout === true && draft.output !== undefined && draft.output !== STANDARD_OUTPUT) {
    problems.push({ setting: "stdout", source: "--stdout", problem: "cannot be combined with --output; give one" });
  }
  return problems;
}

/** What the bundle is made from. */
interface Sources {
  readonly values: SupportValues;
  readonly given: GivenSettings;
  readonly config: ControllerConfig;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  /** What is being read. Throws when the command was interrupted. */
  readonly progress: (what: string) => void;
}

async function collect(bundle: Bundle, sources: Sources): Promise<void> {
  const { config, values, given, env, progress } = sources;
  for (const [name, value = ""] of Object.entries(env)) {
    if (isSecretName(name) && !FOLDERS.includes(name)) bundle.redactor.withhold(value);
  }
  const namespace = await addClusterIfAny(bundle, sources);
  const { version, platform, arch } = process;
  await bundle.json("version.json", { value: { keylessCsi: VERSION, node: version, platform, arch } });
  await bundle.json("command-configuration.json", { value: toEffective(given, config) });
  progress("what doctor finds");
  await addDiagnosis(bundle, sources, namespace);
  if (!values.orphans) return;
  progress("what orphans finds");
  await bundle.json("orphans.json", await attempted(() => orphansOf(config)));
}

/** The namespace of the controller, as far as it was found. */
async function addClusterIfAny(bundle: Bundle, { config, values, progress }: Sources): Promise<string | undefined> {
  if (!usesKubernetes(config)) {
    await bundle.text("objects, logs and metrics", { why: "no cluster is configured; give --kubeconfig FILE" });
    return undefined;
  }
  const limits = { sinceMs: values.since, mostBytes: values.maxLogSize * MIB };
  const { api, namespace } = connect(config.kubeconfig);
  return await addCluster(bundle, api, { names: { ...config, namespace }, limits, progress });
}

/** What each command says, as it prints it with `--output json`; its log is not kept. */
async function addDiagnosis(
  bundle: Bundle,
  { config, signal, values: { claim } }: Sources,
  namespace: string | undefined,
): Promise<void> {
  const values = { pre: false, output: "json", namespace, claim } as const;
  const found = await attempted(() => diagnose({ config, values, stdout: nowhere(), stderr: nowhere(), signal }));
  if ("why" in found) return bundle.json("doctor.json", found);
  const { results, calls } = found.value;
  const count = (wanted: Status) => results.filter(({ status }) => status === wanted).length;
  const note = `errors: ${count("error")}, warnings: ${count("warning")}`;
  await bundle.json("doctor.json", { value: JSON.parse(toJsonReport(results, calls)) }, note);
}

async function orphansOf(config: ControllerConfig): Promise<unknown> {
  const stdout = new PassThrough();
  const printed = text(stdout);
  const values = { olderThan: ORPHANS_OLDER_THAN_MS, delete: false, output: "json" } as const;
  try {
    await runFor("delete", () => runOrphans({ config, values, stdout, stderr: nowhere() }));
  } finally {
    stdout.end();
  }
  return JSON.parse(await printed);
}

function nowhere(): Writable {
  return new PassThrough().resume();
}

/** A command that fails leaves a gap, not the others without a bundle. */
async function attempted<T>(work: () => Promise<T>): Promise<Attempt<T>> {
  try {
    return { value: await work() };
  } catch (error) {
    return { why: error instanceof DriverError ? error.message : describeError(error) };
  }
}

async function run(context: CommandContext<SupportValues>): Promise<number> {
  const { values, given, stdout, stderr, env, signal } = context;
  const config = toOperatorConfig(values);
  const name = `keyless-csi-support-${new Date().toISOString().replaceAll(/[-:]|\.\d+/g, "")}`;
  const isPiped = values.stdout || values.output === STANDARD_OUTPUT;
  const file = values.output ?? `${name}.tar.gz`;
  const destination = isPiped ? toStandardOutput(stdout) : await openFile(file);
  const progress = (what: string) => {
    if (signal.aborted) throw new DriverError("Busy", `interrupted by ${String(signal.reason)}; nothing is left of it`);
    stderr.write(`reading ${what}\n`);
  };
  const contents = await write(destination, name, { values, given, config, env, signal, progress });
  const where = isPiped ? "standard output" : file;
  const advice = "It names claims, accounts and identities: read it before you pass it on.";
  (isPiped ? stderr : stdout).write(`\n${contents}\nWritten to ${where}.\n${advice}\n`);
  return EXIT.ok;
}

/** The list of what was written. Nothing is left of a bundle that could not be finished. */
async function write({ stream, close, discard }: Destination, name: string, sources: Sources): Promise<string> {
  try {
    const { createArchive } = await import("./support/archive.ts");
    const archive = createArchive(stream, name, new Date());
    const bundle = createBundle(archive, createRedactor());
    await collect(bundle, sources);
    const contents = await bundle.close(name);
    await archive.finish();
    await close();
    return contents;
  } catch (error) {
    await discard();
    throw error;
  }
}

export const command = defineCommand({ settings, check: findProblems, run });
