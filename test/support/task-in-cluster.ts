// A background task of the service beside an installation, on its real API server and with its rights, at a clock that the test
// advances: what takes minutes in a process of its own.
import { join } from "node:path";
import { startApp } from "../../src/app/service.ts";
import { toControllerConfig } from "../../src/config/controller.ts";
import { controllerSettings } from "../../src/config/controller-settings.ts";
import { loadSettings } from "../../src/config/load.ts";
import { createLogger } from "../../src/telemetry/log.ts";
import { createFakeTime } from "./fake-time.ts";
import type { Installation } from "./installation.ts";
import { createMemoryLease } from "./memory-lease.ts";
import { createSink } from "./sink.ts";

export interface TaskInCluster {
  /** Runs the task once. Rejects with the log when it fails. */
  round(): Promise<void>;
  stop(): Promise<void>;
}

/** Longer than the interval and its jitter. */
const ROUND_MS = 12 * 60_000;

/** This process must already trust the emulator's CA. The installation's own controller must not run background tasks. */
export async function startTaskInCluster(
  { driver, kubeconfig }: Installation,
  clusterId: string,
  task: string,
): Promise<TaskInCluster> {
  const where = ["--cloud-file", driver.readyFile, "--cluster-id", clusterId, "--kubernetes", "on"];
  const endpoint = `unix://${join(driver.folder, "task.sock")}`;
  const argv = [...where, "--kubeconfig", kubeconfig, "--endpoint", endpoint];
  const loaded = loadSettings(controllerSettings, { argv, env: {} });
  if (!("values" in loaded)) throw new Error(JSON.stringify(loaded));
  const config = toControllerConfig(loaded.values);
  const time = createFakeTime();
  const { stream, text } = createSink();
  let ended = (_: "done" | "failed") => {};
  const observer = { taskDone: () => ended("done"), taskFailed: () => ended("failed") };
  const background = { time, leases: createMemoryLease().connect(), only: [task] };
  const log = createLogger({ level: "info", format: "json", stream });
  const app = await startApp({ config, log, observer, background });
  return {
    async round() {
      const how = new Promise<"done" | "failed">((resolve) => {
        ended = resolve;
      });
      await time.advance(ROUND_MS);
      if ((await how) === "failed") throw new Error(text());
    },
    stop: async () => void (await app.stop()),
  };
}
