/**
 * What a command of the command line is. One file per command in this folder exports `command`; `catalogue.ts` lists
 * them and loads each only when it is called, so that the controller starts without reading the demo.
 */
import type { Writable } from "node:stream";
import type { GivenSettings } from "../config/load.ts";
import type { SettingProblem } from "../config/problem.ts";
import type { Draft, SettingsTable, ValuesOf } from "../config/setting.ts";

/** 0 done, 1 failed, 2 usage error, 3 done and something was found (orphans, doctor). */
export const EXIT = { ok: 0, failure: 1, usage: 2, findings: 3 } as const;

/** What a command gets. Nothing in it is global, so a test can pass its own streams and signal. */
export interface CommandContext<Values> {
  /** The settings, parsed; keys are the flags' names in camel case. */
  readonly values: Values;
  /** The texts that the settings were read from, and where each stands. */
  readonly given: GivenSettings;
  /** For the command's result; never for logs. */
  readonly stdout: Writable;
  /** For logs and errors. */
  readonly stderr: Writable;
  readonly env: NodeJS.ProcessEnv;
  /** Aborted at the first SIGTERM, SIGINT or SIGHUP, with the signal's name as reason. A second signal ends the process. */
  readonly signal: AbortSignal;
}

/** One command. `T` is its settings table; every flag, environment name, help line and problem comes from it. */
export interface Command<T extends SettingsTable = SettingsTable> {
  readonly settings: T;
  /** Rules over several settings. It gets what could be parsed, so that these problems are reported with all others. */
  check?(draft: Draft<T>, env: NodeJS.ProcessEnv): readonly SettingProblem[];
  /** Does the work and resolves with the exit code. Of a DriverError that it throws, only the message is printed. */
  run(context: CommandContext<ValuesOf<T>>): Promise<number>;
}

/** Infers `T` of a command: `export const command = defineCommand({ settings: {...}, async run({ values }) {...} })`. */
export function defineCommand<T extends SettingsTable>(command: Command<T>): Command<T> {
  return command;
}
