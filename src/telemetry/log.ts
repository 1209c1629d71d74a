/**
 * The service's log: one line for each event on standard error, JSON or text, redacted by `redaction.ts`.
 * The only file that knows winston.
 */
import type { Writable } from "node:stream";
import winston from "winston";
import { scrub } from "../text/scrub.ts";
import { addRedacted, type LogFields } from "./redaction.ts";

export type { LogFields } from "./redaction.ts";

export type LogLevel = "error" | "warn" | "info" | "debug";

/** Writes events. Fields outside the closed list do not compile, and are also dropped at run time. */
export interface Logger {
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  /** A function is called only where the line is written. */
  debug(message: string, fields?: LogFields | (() => LogFields)): void;
}

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: "json" | "text";
  /** Standard error in the service; standard output is for the results of commands. */
  readonly stream: Writable;
}

const LEVELS: Readonly<Record<LogLevel, number>> = { error: 0, warn: 1, info: 2, debug: 3 };

/** Creates the logger of one process or one test; there is no global one. */
export function createLogger(options: LogOptions): Logger {
  const sink = winston.createLogger({
    level: options.level,
    levels: LEVELS,
    format: winston.format.printf(options.format === "json" ? toJsonLine : toTextLine),
    transports: [new winston.transports.Stream({ stream: options.stream, eol: "\n" })],
    exitOnError: false,
  });
  const showsStacks = options.level === "debug";
  const write =
    (level: LogLevel) =>
    (message: string, given: LogFields | (() => LogFields) = {}) => {
      // Before the work on a line that nobody will see: most lines of a call are at level debug.
      if (LEVELS[level] > LEVELS[options.level]) return;
      const fields = typeof given === "function" ? given() : given;
      const stack = showsStacks && fields.error instanceof Error ? fields.error.stack : undefined;
      const text = scrub(message);
      const line: Record<string, unknown> = { time: new Date().toISOString(), level, message: text };
      addRedacted(line, fields);
      if (stack !== undefined) line["stack"] = scrub(stack);
      sink.log({ level, message: text, line });
    };
  return { error: write("error"), warn: write("warn"), info: write("info"), debug: write("debug") };
}

type Line = Readonly<Record<string, unknown>>;

function toJsonLine(event: winston.Logform.TransformableInfo): string {
  return JSON.stringify(event["line"]);
}

/** `11:32:05.123 info  serving  endpoint=/csi/csi.sock`; values with spaces are quoted. */
function toTextLine(event: winston.Logform.TransformableInfo): string {
  const { time, level, message, ...fields } = event["line"] as Line;
  const pairs = Object.entries(fields).map(([name, value]) => `  ${name}=${toWord(value)}`);
  return `${String(time).slice(11, 23)} ${String(level).padEnd(5)} ${oneLine(String(message))}${pairs.join("")}`;
}

/** A message may quote what others have written: a line break in it would begin a line that looks like one of this program. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, " ");
}

function toWord(value: unknown): string {
  const text = Array.isArray(value) ? value.join(",") : String(value);
  return /^[\w./:@#,[\]+-]+$/.test(text) ? text : JSON.stringify(text);
}
