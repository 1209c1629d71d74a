/**
 * `keyless-csi controller`: the service. Runs until SIGTERM, SIGINT or SIGHUP, then drains: exit 0 when all work was finished,
 * else 1.
 */
import { startApp } from "../app/service.ts";
import { whenAborted } from "../concurrency/time.ts";
import type { CloudFile } from "../config/cloud.ts";
import { type ControllerConfig, checkController, toControllerConfig } from "../config/controller.ts";
import { findFileProblems } from "../config/controller-files.ts";
import { controllerSettings } from "../config/controller-settings.ts";
import type { SettingProblem } from "../config/problem.ts";
import { DriverError } from "../errors.ts";
import { createLogger } from "../telemetry/log.ts";
import { VERSION } from "../version.ts";
import { bundledEmulator } from "./bundled-emulator.ts";
import { defineCommand, EXIT } from "./command.ts";
import { trustCloud } from "./trust-cloud.ts";

/** Some 40 s in all with the API server's own time limit; then the kubelet starts the controller again. */
const MARK_PAUSES_MS = [1_000, 2_000, 4_000, 8_000];

export const command = defineCommand({
  settings: controllerSettings,
  check: (draft, env) => [
    ...checkController(draft),
    ...findFileProblems(draft, env),
    ...(draft.emulator === true ? findAbsentEmulator() : []),
  ],
  async run({ values, stderr, signal }) {
    const emulator = values.emulator ? await startOwnEmulator() : undefined;
    try {
      const config = toControllerConfig(values, emulator?.info);
      trustCloud(config.cloud);
      const log = createLogger({ level: config.logLevel, format: config.logFormat, stream: stderr });
      const app = await startApp({ config, log, markPausesMs: MARK_PAUSES_MS });
      log.info("serving", {
        ...describeService(config),
        ...(app.clusterUid !== undefined && { clusterUid: app.clusterUid }),
        ...(app.health && { listen: `${app.health.host}:${app.health.port}` }),
      });
      await whenAborted(signal);
      log.info("draining", { signal: String(signal.reason), gracePeriodMs: config.gracePeriodMs });
      const outcome = await app.stop();
      log.info(outcome === "finished" ? "stopped, all work finished" : "stopped, work was abandoned");
      return outcome === "finished" ? EXIT.ok : EXIT.failure;
    } finally {
      await emulator?.close();
    }
  },
});

/** The service bundle holds no emulator: asking it for one is a usage error. */
function findAbsentEmulator(): readonly SettingProblem[] {
  if (bundledEmulator !== undefined) return [];
  const problem = "this build contains no emulator; name a subscription, or use --cloud-file";
  return [{ setting: "emulator", source: "--emulator", problem }];
}

async function startOwnEmulator(): Promise<{ readonly info: CloudFile; close(): Promise<void> }> {
  if (bundledEmulator === undefined)
    throw new DriverError("Unsupported", "--emulator: this build contains no emulator");
  const { startEmulator } = await bundledEmulator.loadEmulator();
  return startEmulator({});
}

function describeService(config: ControllerConfig): Record<string, string> {
  const { driverName, clusterId, cloud, subscriptionId, resourceGroup, location, credential, socketPath } = config;
  return {
    version: VERSION,
    endpoint: socketPath,
    driverName,
    clusterId,
    cloud: cloud.name,
    subscriptionId,
    resourceGroup,
    location,
    credential: credential.kind,
  };
}
