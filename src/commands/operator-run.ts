/** What the commands that an operator runs are given, and the parts of the controller that they work with. */
import type { Writable } from "node:stream";
import { type Assembly, assemble } from "../app/assembly.ts";
import type { ControllerConfig } from "../config/controller.ts";
import { createLogger } from "../telemetry/log.ts";
import type { Cluster } from "../volume/ports.ts";

/** What such a command runs with besides its settings; tests pass their own cluster. */
export interface OperatorRun {
  readonly config: ControllerConfig;
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly cluster?: Cluster;
}

/** As the controller builds them, with the log on standard error. `calls`: requests to Azure until now. */
export async function assembleForOperator({
  config,
  stderr,
  cluster,
}: OperatorRun): Promise<Assembly & { calls(): number }> {
  let calls = 0;
  const azureCalled = () => {
    calls += 1;
  };
  const log = createLogger({ level: config.logLevel, format: config.logFormat, stream: stderr });
  const assembly = await assemble({ config, log, observer: { azureCalled }, ...(cluster && { cluster }) });
  return { ...assembly, calls: () => calls };
}
