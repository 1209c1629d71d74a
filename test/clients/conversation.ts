// A program that answers each line of input with one line of JSON: how tests drive clients step by step.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { logTail } from "../support/processes.ts";

export interface Conversation {
  /** Sends a line and resolves with the answer. Rejects, with the program's last words, when it ends or is too slow. */
  ask(line: string, limitSeconds?: number): Promise<unknown>;
  /** Closes its input and waits for its end. */
  end(): Promise<void>;
}

export interface ConversationOptions {
  readonly name: string;
  /** What it prints on its standard error goes to `<logFolder>/<name>.log`. */
  readonly logFolder: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts a program and talks with it over its standard input and output. */
export async function startConversation(
  [path, args]: readonly [path: string, args: readonly string[]],
  { name, logFolder, env }: ConversationOptions,
): Promise<Conversation> {
  const logFile = join(logFolder, `${name}.log`);
  const child = spawn(path, args, { env: { ...process.env, ...env } });
  child.stderr.pipe(createWriteStream(logFile));
  const forceAtExit = () => child.kill("SIGKILL");
  process.on("exit", forceAtExit);
  const ended = once(child, "exit").finally(() => process.off("exit", forceAtExit));
  await once(child, "spawn");
  child.stdin.on("error", () => undefined); // it has ended: the answer that does not come says so
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    ask: async (line, limitSeconds = 60) => {
      child.stdin.write(`${line}\n`);
      const tooSlow = setTimeout(() => child.kill("SIGKILL"), limitSeconds * 1000);
      const { value, done } = await answers.next();
      clearTimeout(tooSlow);
      if (!done) return JSON.parse(value as string) as unknown;
      throw new Error(`${name} ended during "${line}" (limit ${limitSeconds} s):\n${await logTail(logFile)}`);
    },
    end: async () => {
      child.stdin.end();
      const tooSlow = setTimeout(() => child.kill("SIGKILL"), 10_000);
      await ended;
      clearTimeout(tooSlow);
    },
  };
}
