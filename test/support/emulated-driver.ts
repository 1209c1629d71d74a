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

/** An emulator in a process of its own, and how to reach it. */
export interface EmulatedAzure extends Pick<EmulatedDriver, "readyFile" | "ready" | "admin"> {
  readonly emulator: Program;
}

/** `folder` receives its ready file and its log. Nothing is left running when it rejects. */
export async function startEmulatedAzure(folder: string, flags: readonly string[] = []): Promise<EmulatedAzure> {
  const readyFile = join(folder, "ready.json");
  const emulator = await startKeylessCsi(["emulator", "--ready-file", readyFile, ...flags], {
    name: "emulator",
    logFolder: folder,
  });
  try {
    const ready = JSON.parse(await fileWrittenBy(emulator, readyFile)) as ReadyFile;
    return { emulator, readyFile, ready, admin: await connectAdmin(ready) };
  } catch (error) {
    await emulator.stop();
    throw error;
  }
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
    const { emulator, ...azure } = await startEmulatedAzure(folder, emulatorFlags);
    programs.push(emulator);
    return await startController({ folder, azure, programs }, clusterId, controllerFlags);
  } catch (error) {
    await stopPrograms(programs);
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** A further controller, on the emulator of `other`, which goes on when this one stops. */
export async function startDriverBeside(
  { readyFile, ready, admin }: EmulatedDriver,
  clusterId: string,
  controllerFlags: readonly string[],
): Promise<EmulatedDriver> {
  const folder = await mkdtemp(join(tmpdir(), "keyless-csi-"));
  const programs: Program[] = [];
  try {
    return await startController({ folder, azure: { readyFile, ready, admin }, programs }, clusterId, controllerFlags);
  } catch (error) {
    await stopPrograms(programs);
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

interface Place {
  readonly folder: string;
  readonly azure: Pick<EmulatedDriver, "readyFile" | "ready" | "admin">;
  /** Stopped with the controller, which is added. */
  readonly programs: Program[];
}

async function startController(
  { folder, azure, programs }: Place,
  clusterId: string,
  flags: readonly string[],
): Promise<EmulatedDriver> {
  const socketPath = join(folder, "csi.sock");
  const endpoint = `unix://${socketPath}`;
  const where = ["--cloud-file", azure.readyFile, "--endpoint", endpoint, "--cluster-id", clusterId];
  const controller = await startKeylessCsi(["controller", ...where, ...flags], {
    name: "controller",
    logFolder: folder,
  });
  programs.push(controller);
  await waitUntilReady(controller, endpoint);
  const stop: EmulatedDriver["stop"] = async (options) => {
    const how = await controller.stop();
    await stopPrograms(programs);
    await removeFolder(folder, options);
    return how;
  };
  return { folder, endpoint, socketPath, ...azure, controller, stop };
}

/** Until the controller at this endpoint answers Probe, and says that it is ready. */
export async function waitUntilReady(controller: Program, endpoint: string): Promise<void> {
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
