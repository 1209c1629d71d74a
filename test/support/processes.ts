// Programs that tests start: each has its own log file, is awaited by what it does, and is always stopped, by its own id.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, watch } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

export interface StartOptions {
  /** Shown in messages; the log file is `<logFolder>/<name>.log`. */
  readonly name: string;
  readonly logFolder: string;
  /** Added to this process' environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A running program. */
export interface Program {
  readonly name: string;
  readonly id: number;
  readonly logFile: string;
  /** Resolves when it has ended, with its exit code or the name of the signal. */
  readonly ended: Promise<number | NodeJS.Signals>;
  /** Throws, with the end of its log, if it has ended: for loops that wait for it. */
  checkAlive(): Promise<void>;
  /** Sends SIGTERM, and SIGKILL after `graceSeconds`; resolves as `ended` does. */
  stop(graceSeconds?: number): Promise<number | NodeJS.Signals>;
  /** Sends SIGKILL, which is like a crash. */
  kill(): Promise<void>;
}

const running = new Set<ChildProcess>();
// A test run that dies takes its programs with it; SIGKILL because nothing is left to wait for them.
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** Starts a program; what it prints (both streams) goes to its log file. */
export async function startProgram(path: string, args: readonly string[], options: StartOptions): Promise<Program> {
  const logFile = join(options.logFolder, `${options.name}.log`);
  const log = openSync(logFile, "a");
  const child = spawn(path, args, { stdio: ["ignore", log, log], env: { ...process.env, ...options.env } });
  closeSync(log);
  running.add(child);
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once("exit", (code, signal) => {
      running.delete(child);
      resolve(signal ?? code ?? 1);
    });
  });
  await once(child, "spawn"); // rejects with ENOENT when there is no such program
  return programOf(child, ended, { name: options.name, logFile });
}

function programOf(
  child: ChildProcess,
  ended: Promise<number | NodeJS.Signals>,
  { name, logFile }: { name: string; logFile: string },
): Program {
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  return {
    name,
    id: child.pid ?? 0,
    logFile,
    ended,
    checkAlive: async () => {
      if (!hasEnded()) return;
      throw new Error(`${name} has ended (${await ended}):\n${await logTail(logFile)}`);
    },
    stop: async (graceSeconds = 10) => {
      if (!hasEnded()) child.kill("SIGTERM");
      const force = setTimeout(() => child.kill("SIGKILL"), graceSeconds * 1000);
      const how = await ended;
      clearTimeout(force);
      return how;
    },
    kill: async () => {
      if (!hasEnded()) child.kill("SIGKILL");
      await ended;
    },
  };
}

/** Stops programs one after another, last started first, so that none loses its server while it runs. */
export async function stopPrograms(programs: Program[]): Promise<void> {
  for (let program = programs.pop(); program; program = programs.pop()) await program.stop();
}

/** Removes a folder of logs, or prints where it is kept. */
export async function removeFolder(folder: string, options?: { readonly keepLogs: boolean }): Promise<void> {
  if (options?.keepLogs) process.stderr.write(`logs are kept in ${folder}\n`);
  else await rm(folder, { recursive: true, force: true });
}

/** The last lines of a log, for a failure's message. */
export async function logTail(file: string, lines = 25): Promise<string> {
  const text = await readFile(file, "utf8").catch((error: Error) => `(no log: ${error.message})`);
  return text.trimEnd().split("\n").slice(-lines).join("\n");
}

/**
 * The text of a file that a program writes once it is ready; rejects when the program ends instead. A program that creates
 * the file before it writes needs `isWhole`: a reader can come in between.
 */
export async function fileWrittenBy(
  program: Program,
  path: string,
  isWhole: (text: string) => boolean = () => true,
): Promise<string> {
  const stopWatching = new AbortController();
  const changed = new Promise<string>((resolve, reject) => {
    const look = () =>
      void readFile(path, "utf8").then(
        (text) => isWhole(text) && resolve(text),
        () => undefined,
      );
    watch(dirname(path), { signal: stopWatching.signal }, look).on("error", reject);
    look();
  });
  try {
    return await Promise.race([changed, endedInstead(program, path)]);
  } finally {
    stopWatching.abort();
  }
}

async function endedInstead(program: Program, path: string): Promise<never> {
  const how = await program.ended;
  throw new Error(`${program.name} ended (${how}) and did not write ${path}:\n${await logTail(program.logFile)}`);
}

/** Retries the probe until it does not throw: for programs that do not announce that they are ready. */
export async function eventually<T>(program: Program, probe: () => Promise<T>, seconds = 60): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    await program.checkAlive();
    try {
      return await probe();
    } catch (error) {
      if (Date.now() > deadline) {
        const tail = await logTail(program.logFile);
        throw new Error(`${program.name}: not ready after ${seconds} s: ${(error as Error).message}\n${tail}`);
      }
      await delay(50);
    }
  }
}

const repository = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

/** Starts the product as its users do: `node bin/keyless-csi.mjs <args>`. */
export function startKeylessCsi(args: readonly string[], options: StartOptions): Promise<Program> {
  return startProgram(process.execPath, [join(repository, "bin", "keyless-csi.mjs"), ...args], options);
}
