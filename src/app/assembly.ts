/** Log, metrics and adapters joined: what the service and the commands that look at volumes have in common. */
import { requestIdsOf } from "../azure/request-ids.ts";
import type { ControllerConfig } from "../config/controller.ts";
import { reasonOf } from "../csi/call.ts";
import type { Logger } from "../telemetry/log.ts";
import { createMetrics, type Metrics } from "../telemetry/metrics.ts";
import { type AppObserver, createAppObserver, joinObservers } from "../telemetry/observer.ts";
import { VERSION } from "../version.ts";
import { type Adapters, type AdaptersOptions, createAdapters } from "./adapters.ts";

export interface AppOptions extends AdaptersOptions {
  readonly config: ControllerConfig;
  readonly log: Logger;
  /** Notified of everything besides log and metrics: the demo's display. */
  readonly observer?: Partial<AppObserver>;
}

export interface Assembly {
  readonly metrics: Metrics;
  /** Logs, counts and passes on to the observer of the options. */
  readonly observer: AppObserver;
  readonly adapters: Adapters;
}

/** Serves nothing yet: a command that runs once needs no more than this. */
export async function assemble({ config, log, observer: also = {}, ...adapters }: AppOptions): Promise<Assembly> {
  const metrics = createMetrics(config.driverName, VERSION);
  const observer = joinObservers(createAppObserver({ log, metrics, requestIdsOf, reasonOf }), also);
  return { metrics, observer, adapters: await createAdapters(config, observer, adapters) };
}
