// Starts the load generator as a process of its own, so that what it uses is not counted as the server's.
import { fork } from "node:child_process";
import { once } from "node:events";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Load, LoadResult } from "./load.ts";

export interface LoaderProcess {
  /** One at a time. Rejects when the process ends instead of an answer. */
  run(load: Load): Promise<LoadResult>;
  stop(): Promise<void>;
}

/** Connects to the socket at the first load. */
export function startLoader(socketPath: string): LoaderProcess {
  const main = join(dirname(fileURLToPath(import.meta.url)), "main.ts");
  const child = fork(main, [socketPath], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const ended = once(child, "exit").then(() => {
    throw new Error("the load generator ended");
  });
  ended.catch(() => undefined);
  return {
    async run(load) {
      const answered = once(child, "message");
      child.send(load);
      const [answer] = (await Promise.race([answered, ended])) as [LoadResult | { readonly error: string }];
      if ("error" in answer) throw new Error(answer.error);
      return answer;
    },
    async stop() {
      child.disconnect();
      await ended.catch(() => undefined);
    },
  };
}
