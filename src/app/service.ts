/** The CSI service as a whole: starts its parts in order, drains and stops them. */
import { requestIdsOf } from "../azure/request-ids.ts";
import { withDeadline } from "../concurrency/deadline.ts";
import { createSingleFlight } from "../concurrency/single-flight.ts";
import type { HostPort } from "../config/kinds.ts";
import { createControllerService } from "../csi/controller.ts";
import { createIdentityService } from "../csi/identity.ts";
import { createCsiServer } from "../csi/server.ts";
import { DriverError } from "../errors.ts";
import { type HealthOptions, startHealthServer } from "../telemetry/health.ts";
import { listenFault } from "../text/file-faults.ts";
import { VERSION } from "../version.ts";
import { createVolumes } from "../volume/volumes.ts";
import { type AppOptions, assemble } from "./assembly.ts";
import { type BackgroundParts, startBackgroundTasks } from "./background.ts";
import { startWarnings } from "./start-warnings.ts";

/** How long the end waits for the Lease to be given up; without that another replica takes over when it expires. */
const RELEASE_MS = 2_000;

export interface ServiceOptions extends AppOptions {
  /** Replaces parts of the background tasks, for tests. */
  readonly background?: BackgroundParts;
}

export interface App {
  /** Where health and metrics are served, when they are. */
  readonly health: { readonly host: string; readonly port: number } | undefined;
  /** The cluster's mark; undefined without Kubernetes. */
  readonly clusterUid: string | undefined;
  /** Accepts nothing more, lets what is in flight finish within the grace period, and says whether it did. */
  stop(): Promise<"finished" | "abandoned">;
}

async function startHealth(
  { host, port }: HostPort,
  parts: Omit<HealthOptions, keyof HostPort>,
): ReturnType<typeof startHealthServer> {
  try {
    return await startHealthServer({ host, port, ...parts });
  } catch (error) {
    const where = `${host.includes(":") ? `[${host}]` : host}:${port}`;
    throw new DriverError("Misconfigured", `--http-endpoint ${where}: ${listenFault(error)}`, { cause: error });
  }
}

/** Serving when it resolves. Throws a DriverError when the socket or the health address is not available. */
export async function startApp(options: ServiceOptions): Promise<App> {
  const { config, log } = options;
  for (const warning of startWarnings(config)) log.warn(warning);
  const assembly = await assemble({ time: options.background?.time, ...options });
  const { metrics, observer, adapters } = assembly;
  const flights = createSingleFlight<unknown>("volume");
  metrics.watchInFlight(flights.count);
  metrics.watchRoleAssignments(adapters.roleAssignmentUsage);
  metrics.watchAccountUsage(adapters.accountUsage);
  const volumes = createVolumes(adapters);
  metrics.watchBudget(adapters.budgetStates);
  let isServing = false;
  const server = createCsiServer({
    identity: createIdentityService({ driverName: config.driverName, version: VERSION, isReady: () => isServing }),
    controller: createControllerService({ volumes, flights }),
    observer,
  });
  const draining = { ready: false, reason: "the service is starting or draining" } as const;
  const readiness = () => (isServing ? adapters.readiness() : draining);
  metrics.watchReadiness(() => readiness().ready, adapters.isSignedIn);
  const health = config.http && (await startHealth(config.http, { metrics, readiness }));
  await server.listen(config.socketPath);
  isServing = true;
  const background = startBackgroundTasks(config, { ...assembly, volumes }, options.background);
  // Reported early by /readyz and the log; a volume's own error says it again.
  adapters.signIn().catch((error) => log.error("sign-in to Azure failed", { ...requestIdsOf(error), error }));
  return {
    clusterUid: adapters.settings.clusterUid,
    health: health && { host: health.host, port: health.port },
    async stop() {
      isServing = false;
      const released = background.stop();
      const finished = Promise.all([server.drain(), flights.idle()])
        .then(() => adapters.ports.followUps.finish())
        .then(() => "finished" as const);
      const outcome = await withDeadline(config.gracePeriodMs, finished, "abandoned");
      server.destroy();
      await withDeadline(RELEASE_MS, released, undefined);
      await health?.close();
      return outcome;
    },
  };
}
