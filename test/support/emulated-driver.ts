// The product as two processes, as on a real machine: an emulator, and a controller that finds it by its ready file.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectCsi } from "./csi-client.ts";
import { connectAdmin, type EmulatorAdmin, type ReadyFile } from "./emulator-admin.ts";
import { eventually, fileWrittenBy, type Program, removeFolder, startKeylessCsi, stopPrograms } from "./processes.ts";

export interface EmulatedDriver {
  /** Holds sockets, ready file and logs; removed by `stop`. */
  readonly folder: string;
  /** `unix://...` of the controller. */
  readonly endpoint: string;
  readonly socketPath: string;
  readonly readyFile: string;
  readonly ready: ReadyFile;
  readonly admin: EmulatorAdmin;
  readonly controller: Program;
  /** Stops both; resolves with the controller's exit code. Prints where the logs are if they are kept. */
  stop(options?: { readonly keepLogs: boolean }): Promise<number | NodeJS.Signals>;
}

/** Starts both and waits until the controller answers Probe. Nothing is left running when it rejects. */
export async function startEmulatedDriver(
  clusterId: string,
  controllerFlags: readonly string[] = [],
  emulatorFlags: readonly string[] = [],
): Promise<EmulatedDriver> {
  const folder = await mkdtemp(join(tmpdir(), "keyless-csi-")); // short: a socket's path may have 107 bytes
  const programs: Program[] = [];
  try {
    const readyFile = join(folder, "ready.json");
    const emulator = await startKeylessCsi(["emulator", "--ready-file", readyFile, ...emulatorFlags], {
      name: "emulator",
      logFolder: folder,
    });
    programs.push(emulator);
    const ready = JSON.parse(await fileWrittenBy(emulator, readyFile)) as ReadyFile;
    const socketPath = join(folder, "csi.sock");
    const endpoint = `unix://${socketPath}`;
    const controller = await startKeylessCsi(
      ["controller", "--cloud-file", readyFile, "--endpoint", endpoint, "--cluster-id", clusterId, ...controllerFlags],
      { name: "controller", logFolder: folder },
    );
    programs.push(controller);
    await waitUntilReady(controller, endpoint);
    const stop: EmulatedDriver["stop"] = async (options) => {
      const how = await controller.stop();
      await stopPrograms(programs);
      await removeFolder(folder, options);
      return how;
    };
    return { folder, endpoint, socketPath, readyFile, ready, admin: await connectAdmin(ready), controller, stop };
  } catch (error) {
    await stopPrograms(programs);
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

async function waitUntilReady(controller: Program, endpoint: string): Promise<void> {
  const client = connectCsi(endpoint, 1);
  try {
    await eventually(controller, async () => {
      const { ready } = await client.identity("Probe", {});
      if (ready?.value === false) throw new Error("Probe says: not ready");
    });
  } finally {
    client.close();
  }
}
