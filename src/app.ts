/**
 * The composition root: builds every part from the configuration, starts the service, drains and stops it. Nothing else
 * knows all the parts.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { withDeadline } from "./concurrency/deadline.ts";
import { createSingleFlight } from "./concurrency/single-flight.ts";
import type { ControllerConfig } from "./config/controller.ts";
import { createControllerService } from "./csi/controller.ts";
import { createIdentityService } from "./csi/identity.ts";
import { createCsiServer } from "./csi/server.ts";
import { createOutside, type Outside } from "./outside.ts";
import { startHealthServer } from "./telemetry/health.ts";
import type { Logger } from "./telemetry/log.ts";
import { createMetrics } from "./telemetry/metrics.ts";
import { type AppObserver, createAppObserver, joinObservers } from "./telemetry/observer.ts";
import { VERSION } from "./version.ts";
import type { Cluster } from "./volume/ports.ts";

export interface AppOptions {
  readonly config: ControllerConfig;
  readonly log: Logger;
  /** Told of everything beside log and metrics: the demo's display. */
  readonly observer?: Partial<AppObserver>;
  /** Asked instead of the configured cluster: for tests without an API server. */
  readonly cluster?: Cluster;
}

export interface App {
  /** Where health and metrics are served, when they are. */
  readonly health: { readonly host: string; readonly port: number } | undefined;
  /** Accepts nothing more, lets what is in flight finish within the grace period, and says whether it did. */
  stop(): Promise<"finished" | "abandoned">;
}

/** Serving when it resolves. Throws a DriverError when the socket or the health address cannot be had. */
export async function startApp(options: AppOptions): Promise<App> {
  const { config, log } = options;
  const { metrics, observing, outside } = assemble(options);
  const { ports, settings } = outside;
  const flights = createSingleFlight<unknown>("volume");
  metrics.watchInFlight(flights.count);
  metrics.watchGrants(outside.grantUsage);
  let isServing = false;
  const server = createCsiServer({
    identity: createIdentityService({ driverName: config.driverName, version: VERSION, isReady: () => isServing }),
    controller: createControllerService({ ports, settings, flights }),
    observer: observing,
  });
  const draining = { ready: false, reason: "the service is starting or draining" } as const;
  const readiness = () => (isServing ? outside.readiness() : draining);
  const health = config.http && (await startHealthServer({ ...config.http, metrics, readiness }));
  await server.listen(config.socketPath);
  isServing = true;
  // Told early by /readyz and the log; a volume's own error says it again.
  outside.signIn().catch((error) => log.error("sign-in to Azure failed", { error }));
  return {
    health: health && { host: health.host, port: health.port },
    async stop() {
      isServing = false;
      const finished = Promise.all([server.drain(), flights.idle()]).then(() => "finished" as const);
      const outcome = await withDeadline(config.gracePeriodMs, finished, "abandoned");
      server.destroy();
      await health?.close();
      return outcome;
    },
  };
}

/** What stands behind the service, for a command that works once and serves nothing. */
export function createParts(options: AppOptions): Outside {
  return assemble(options).outside;
}

/** What is the same whether something is served or not. */
function assemble({ config, log, observer = {}, cluster }: AppOptions) {
  const metrics = createMetrics(config.driverName, VERSION);
  const observing = joinObservers(createAppObserver({ log, metrics, calls: new AsyncLocalStorage() }), observer);
  return { metrics, observing, outside: createOutside(config, observing, cluster) };
}
