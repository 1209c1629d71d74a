/**
 * The command line without a process: arguments to a command, help, problems with settings, and what a failure prints.
 * `main.ts` passes the process's own streams and signals, tests pass theirs.
 */
import type { Writable } from "node:stream";
import type { CatalogueEntry } from "./commands/catalogue.ts";
import { type Command, EXIT } from "./commands/command.ts";
import { toHelp } from "./config/help.ts";
import { COMMON_SETTINGS, loadSettings } from "./config/load.ts";
import { type SettingProblem, toLine } from "./config/problem.ts";
import { findUnknownVariables, toVariableProblems } from "./config/unknown-variables.ts";
import { DriverError } from "./errors.ts";
import { describeError } from "./telemetry/redaction.ts";
import { findNearest } from "./text/nearest.ts";
import { scrub } from "./text/scrub.ts";
import { wrap } from "./text/wrap.ts";

const PROGRAM = "keyless-csi";

/** What the command line runs with. */
export interface CommandLine {
  readonly argv: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly signal: AbortSignal;
  readonly catalogue: readonly CatalogueEntry[];
  readonly version: string;
}

/** Runs what `argv` asks for and resolves with the exit code; it never rejects. */
export async function runCommandLine(around: CommandLine): Promise<number> {
  try {
    return await dispatch(around);
  } catch (error) {
    around.stderr.write(toFailure(error, around.env));
    return EXIT.failure;
  }
}

async function dispatch(around: CommandLine): Promise<number> {
  const [name, ...rest] = around.argv;
  const { stdout, stderr, catalogue } = around;
  if (name === undefined) return print(stderr, overview(catalogue), EXIT.usage);
  if (name === "--version" || name === "-V") return print(stdout, `${PROGRAM} ${around.version}\n`, EXIT.ok);
  if (isHelp(name)) return rest[0] === undefined ? print(stdout, overview(catalogue), EXIT.ok) : help(rest[0], around);
  const entry = catalogue.find((each) => each.name === name);
  if (entry === undefined) return print(stderr, unknownCommand(name, catalogue), EXIT.usage);
  if (rest.some(isHelp)) return help(name, around);
  if (entry.load === undefined)
    return print(stderr, `${PROGRAM} ${name}: this build contains no emulator\n`, EXIT.usage);
  const { command } = await entry.load();
  return runCommand(name, command, { ...around, argv: rest });
}

async function runCommand(name: string, command: Command, around: CommandLine): Promise<number> {
  const { env, stdout, stderr, signal } = around;
  const loaded = loadSettings(command.settings, around, (draft) => command.check?.(draft, env) ?? []);
  const problems = [...(await findMisspelt(command, around)), ...(loaded.ok ? [] : loaded.problems)];
  if (!loaded.ok || problems.length > 0) return print(stderr, toReport(name, problems), EXIT.usage);
  return command.run({ values: loaded.values, given: loaded.given, stdout, stderr, env, signal });
}

/** Variables that no command has. The others are loaded only when there is one that this command does not have. */
async function findMisspelt(command: Command, { env, catalogue }: CommandLine): Promise<SettingProblem[]> {
  const own = Object.keys({ ...command.settings, ...COMMON_SETTINGS });
  const unknown = findUnknownVariables(env, own);
  if (unknown.length === 0) return [];
  const others = await Promise.all(catalogue.map(async ({ load }) => load && (await load()).command.settings));
  const all = [...own, ...others.flatMap((settings = {}) => Object.keys(settings))];
  return toVariableProblems(findUnknownVariables(env, all), all);
}

async function help(name: string, { stdout, stderr, catalogue }: CommandLine): Promise<number> {
  const entry = catalogue.find((each) => each.name === name);
  if (entry === undefined) return print(stderr, unknownCommand(name, catalogue), EXIT.usage);
  if (entry.load === undefined)
    return print(stderr, `${PROGRAM} ${name}: this build contains no emulator\n`, EXIT.usage);
  const { command } = await entry.load();
  const table = { ...command.settings, ...COMMON_SETTINGS };
  const summary = wrap(entry.summary, "").join("\n");
  return print(stdout, `Usage: ${PROGRAM} ${name} [settings]\n\n${summary}\n\n${toHelp(table)}`, EXIT.ok);
}

function overview(catalogue: readonly CatalogueEntry[]): string {
  const width = Math.max(...catalogue.map(({ name }) => name.length));
  const indent = " ".repeat(width + 4);
  const lines = catalogue.map(({ name, summary }) => {
    return `  ${name.padEnd(width)}  ${wrap(summary, indent).join("\n").trimStart()}\n`;
  });
  const commands = lines.join("");
  return [
    `Usage: ${PROGRAM} <command> [settings]\n\nCommands:\n${commands}`,
    `Settings of a command: ${PROGRAM} <command> --help\nVersion: ${PROGRAM} --version\n`,
    "Exit codes: 0 done, 1 failed, 2 usage error, 3 done and something was found.\n",
  ].join("\n");
}

function unknownCommand(name: string, catalogue: readonly CatalogueEntry[]): string {
  const nearest = findNearest(
    name,
    catalogue.map((entry) => entry.name),
  );
  const advice = nearest === undefined ? `see ${PROGRAM} --help` : `did you mean ${nearest}?`;
  return `${PROGRAM}: unknown command ${JSON.stringify(name)}; ${advice}\n`;
}

function toReport(name: string, problems: readonly SettingProblem[]): string {
  const lines = problems.map((problem) => `  ${scrub(toLine(problem))}\n`).join("");
  const count = problems.length === 1 ? "1 invalid setting" : `${problems.length} invalid settings`;
  return `${PROGRAM} ${name}: ${count}\n${lines}See ${PROGRAM} ${name} --help.\n`;
}

/** A DriverError's message says what to do, and the system's own refusals speak for themselves. Anything else is a bug; its stack is shown on request. */
function toFailure(error: unknown, env: NodeJS.ProcessEnv): string {
  if (error instanceof DriverError) return `${PROGRAM}: ${scrub(error.message)}\n`;
  if (isOfSystem(error)) return `${PROGRAM}: ${describeError(error)}\n`;
  const stack = error instanceof Error && env["KEYLESS_CSI_DEBUG"] === "1" ? `${scrub(error.stack ?? "")}\n` : "";
  const advice = stack === "" ? "; KEYLESS_CSI_DEBUG=1 shows where" : "";
  return `${PROGRAM}: ${describeError(error)} (this is a bug${advice})\n${stack}`;
}

/** A full disk, too many open files, a port in use: of the surroundings, not of the program. */
function isOfSystem(error: unknown): boolean {
  const { code, syscall } = (error ?? {}) as NodeJS.ErrnoException;
  return error instanceof Error && typeof code === "string" && typeof syscall === "string";
}

function isHelp(argument: string): boolean {
  return argument === "--help" || argument === "-h" || argument === "help";
}

function print(stream: Writable, text: string, code: number): number {
  stream.write(text);
  return code;
}
