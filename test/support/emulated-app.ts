// The service and the emulator in this process, connected as by `controller --emulator`, and a client on the socket.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import type { Clock, Patience } from "../../src/app/adapters.ts";
import { type App, startApp } from "../../src/app/service.ts";
import type { AzureCall } from "../../src/azure/arm.ts";
import type { LeaseStore } from "../../src/concurrency/leadership.ts";
import { type ControllerConfig, toControllerConfig } from "../../src/config/controller.ts";
import { controllerSettings } from "../../src/config/controller-settings.ts";
import { loadSettings } from "../../src/config/load.ts";
import type { CreateVolumeRequestInit, Volume } from "../../src/csi/proto.generated.ts";
import { type Emulator, type EmulatorOptions, startEmulator } from "../../src/emulator/emulator.ts";
import { createLogger } from "../../src/telemetry/log.ts";
import type { Cluster } from "../../src/volume/ports.ts";
import { type CsiClient, connectCsi } from "./csi-client.ts";
import { createFakeTime, type FakeTime } from "./fake-time.ts";
import { SAFE_MOUNT } from "./safe-mount.ts";
import { createSink } from "./sink.ts";

export interface EmulatedApp {
  readonly emulator: Emulator;
  readonly config: ControllerConfig;
  readonly app: App;
  readonly csi: CsiClient;
  /** What the service has logged so far. */
  log(): string;
  /** Calls to ARM since the last `forgetCalls`, as `PUT storageAccounts/...` of the emulator's log. */
  armCalls(): { readonly operation: string; readonly method: string; readonly status: number }[];
  forgetCalls(): void;
  /** Resolves when the service next begins this step. */
  untilStep(step: string): Promise<void>;
  /** What background tasks wait by: none runs unless the test advances it. */
  readonly time: FakeTime;
  /** Resolves when a background task next ends, or this one, with how. */
  untilTask(task?: string): Promise<"done" | "failed">;
  stop(): Promise<void>;
}

export interface EmulatedAppOptions extends EmulatorOptions {
  /** The cluster of the service. Default: none. */
  readonly clusterFor?: (emulator: Emulator) => Cluster;
  /** Changes what the flags make, for what no flag does in a custom cloud. */
  readonly configure?: (config: ControllerConfig) => ControllerConfig;
  /** Shorter waits for Azure than in production. */
  readonly patience?: Patience;
  /** What calls to Azure wait by. Default: the process's own clock. */
  readonly clock?: Clock;
  /** Notified besides. */
  readonly azureCalled?: (call: AzureCall) => void;
  /** The Lease of background tasks. Default: none, they run in this service. */
  readonly leases?: LeaseStore;
  /** Names of the background tasks to run. Default: all. */
  readonly tasks?: readonly string[];
  /** One that runs already, of another service; it goes on when this service stops. */
  readonly emulator?: Emulator;
}

/** Nothing is left running when it rejects. `flags` are the controller's; a function may look at the emulator first. */
export async function startEmulatedApp(
  flags: readonly string[] | ((emulator: Emulator) => readonly string[]) = [],
  options: EmulatedAppOptions = {},
): Promise<EmulatedApp> {
  const folder = await mkdtemp(join(tmpdir(), "keyless-csi-"));
  const emulator = options.emulator ?? (await startEmulator(options));
  const close = async () => {
    if (options.emulator === undefined) await emulator.close();
  };
  try {
    const service = await startServiceFor(emulator, folder, flags, options);
    const stop = async () => {
      await service.stop();
      await close();
    };
    return { ...service, stop };
  } catch (error) {
    await close();
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

async function startServiceFor(
  emulator: Emulator,
  folder: string,
  flags: readonly string[] | ((emulator: Emulator) => readonly string[]),
  options: EmulatedAppOptions,
): Promise<EmulatedApp> {
  setDefaultCACertificates([...getCACertificates("default"), emulator.ca]);
  const socketPath = join(folder, "csi.sock");
  const argv = ["--emulator", "--endpoint", `unix://${socketPath}`, "--log-level", "debug"];
  argv.push(...(typeof flags === "function" ? flags(emulator) : flags));
  const loaded = loadSettings(controllerSettings, { argv, env: {} });
  if (!("values" in loaded)) throw new Error(JSON.stringify(loaded));
  const { configure = (each) => each } = options;
  const config = configure(toControllerConfig(loaded.values, emulator.info));
  const sink = createSink();
  const log = createLogger({ level: config.logLevel, format: "json", stream: sink.stream });
  let waiting: { readonly step: string; readonly go: () => void }[] = [];
  const stepBegun = (step: string) => {
    for (const each of waiting.filter((waiter) => waiter.step === step)) each.go();
    waiting = waiting.filter((waiter) => waiter.step !== step);
  };
  let waitingForTask: { readonly task: string | undefined; readonly go: (how: "done" | "failed") => void }[] = [];
  const taskEnded = (ended: string, how: "done" | "failed") => {
    const isFor = ({ task = ended }: { readonly task: string | undefined }) => task === ended;
    const gone = waitingForTask.filter(isFor);
    waitingForTask = waitingForTask.filter((each) => !isFor(each));
    for (const { go } of gone) go(how);
  };
  const observer = {
    stepBegun,
    taskDone: (task: string) => taskEnded(task, "done"),
    taskFailed: (task: string) => taskEnded(task, "failed"),
    ...(options.azureCalled && { azureCalled: options.azureCalled }),
  };
  const time = createFakeTime();
  const cluster = options.clusterFor?.(emulator);
  const { leases, tasks } = options;
  // The date goes on with the clock, from now.
  const date = () => Date.now() + time.now();
  const background = { time, date, ...(leases && { leases }), ...(tasks && { only: tasks }) };
  const app = await startApp({
    config,
    log,
    observer,
    background,
    patience: options.patience,
    clock: options.clock,
    ...(cluster && { cluster }),
  });
  const csi = connectCsi(`unix:${socketPath}`);
  return {
    emulator,
    config,
    app,
    csi,
    log: sink.text,
    armCalls: () =>
      emulator.calls
        .report()
        .calls.filter(({ service }) => service === "arm")
        .map(({ operation, method, status }) => ({ operation, method, status })),
    forgetCalls: () => emulator.calls.clear(),
    untilStep: (step) => new Promise((go) => void waiting.push({ step, go })),
    time,
    untilTask: (task) => new Promise((go) => void waitingForTask.push({ task, go })),
    async stop() {
      csi.close();
      await app.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

let counter = 0;

/** A request as csi-provisioner sends it, with a name of its own. */
export function createRequest(
  emulator: Emulator,
  parameters: Record<string, string> = {},
  overrides: Partial<CreateVolumeRequestInit> = {},
): CreateVolumeRequestInit {
  counter += 1;
  return {
    name: `pvc-00000000-0000-4000-8000-${String(counter).padStart(12, "0")}`,
    capacity_range: { required_bytes: String(2 ** 30) },
    volume_capabilities: [{ mount: SAFE_MOUNT, access_mode: { mode: "SINGLE_NODE_MULTI_WRITER" } }],
    parameters: { clientID: emulator.info.identities[0]?.clientId ?? "", ...parameters },
    ...overrides,
  };
}

/** Creates a volume and answers it. */
export async function create({ csi }: Pick<EmulatedApp, "csi">, request: CreateVolumeRequestInit): Promise<Volume> {
  const { volume } = await csi.controller("CreateVolume", request);
  if (volume === null) throw new Error("CreateVolume answered no volume");
  return volume;
}
