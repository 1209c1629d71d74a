/**
 * `keyless-csi demo`: the whole path on one machine, without cluster and without cloud. The emulator stands for Azure, this
 * file for csi-provisioner; controller, SDK clients and gRPC are the real ones. Exit 1 when a proof fails.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Writable } from "node:stream";
import { startApp } from "../app/service.ts";
import { whenAborted } from "../concurrency/time.ts";
import { toControllerConfig } from "../config/controller.ts";
import { controllerSettings } from "../config/controller-settings.ts";
import { amount, toggle } from "../config/kinds.ts";
import { loadSettings } from "../config/load.ts";
import { setting } from "../config/setting.ts";
import type { Emulator } from "../emulator/emulator.ts";
import { DriverError } from "../errors.ts";
import { createLogger } from "../telemetry/log.ts";
import { listenFault } from "../text/file-faults.ts";
import { bundledEmulator } from "./bundled-emulator.ts";
import { defineCommand } from "./command.ts";
import { type CsiClient, connectCsi } from "./demo/csi-client.ts";
import { createDisplay } from "./demo/display.ts";
import { serveDemoPage } from "./demo/page/server.ts";
import { createDemoStage } from "./demo/page/stage.ts";
import { createStepTimes } from "./demo/step-times.ts";
import { narrate } from "./demo/story.ts";
import { trustCloud } from "./trust-cloud.ts";

const DEMO = "Demo";

const settings = {
  serve: setting(toggle, {
    group: DEMO,
    help: "afterwards keep Azure and the controller up, with a page on which claims are made, opened and deleted",
    fallback: "false",
  }),
  port: setting(amount({ max: 65_535, whole: true }), {
    group: DEMO,
    help: "of the page, on 127.0.0.1; 0: chosen by the system",
    fallback: "0",
  }),
};

export const command = defineCommand({
  settings,
  async run({ values, stdout, stderr, env, signal }) {
    if (bundledEmulator === undefined) throw new DriverError("Unsupported", "demo: this build contains no emulator");
    const folder = await mkdtemp(join(tmpdir(), "keyless-demo-"));
    const { startEmulator } = await bundledEmulator.loadEmulator();
    const emulator = await startEmulator({});
    const times = createStepTimes();
    const config = configFor(emulator, join(folder, "csi.sock"));
    trustCloud(config.cloud);
    const log = createLogger({ level: "error", format: "text", stream: stderr });
    const app = await startApp({ config, log, observer: times.observer });
    const csi = connectCsi(`unix:${config.socketPath}`);
    try {
      const code = await narrate({ display: createDisplay(stdout, env), emulator, csi, times });
      if (values.serve) await serve({ emulator, csi, port: values.port, stdout, signal });
      return code;
    } finally {
      csi.close();
      await app.stop();
      await emulator.close();
      await rm(folder, { recursive: true, force: true });
    }
  },
});

interface Serving {
  readonly emulator: Emulator;
  readonly csi: CsiClient;
  readonly port: number;
  readonly stdout: Writable;
  readonly signal: AbortSignal;
}

/** Until the first signal. */
async function serve({ emulator, csi, port, stdout, signal }: Serving): Promise<void> {
  const page = await serveDemoPage(emulator, createDemoStage(emulator, csi), port).catch((error: unknown) => {
    throw new DriverError("Misconfigured", `--port ${port}: ${listenFault(error)}`, { cause: error });
  });
  stdout.write(`\nOpen this page in a browser of this machine; Ctrl-C ends it all.\n${page.url}\n`);
  try {
    await whenAborted(signal);
  } finally {
    await page.close();
  }
}

function configFor(emulator: Emulator, socketPath: string) {
  const loaded = loadSettings(controllerSettings, {
    argv: ["--emulator", "--endpoint", `unix://${socketPath}`],
    env: {},
  });
  if (!("values" in loaded)) throw new DriverError("Internal", "the demo's own settings are invalid");
  return toControllerConfig(loaded.values, emulator.info);
}
