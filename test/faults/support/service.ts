// The service as its users run it: the bundle of the image in a process of its own, which can be killed at any moment.
import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BUNDLES, bundle } from "../../../scripts/bundle.ts";
import { type CsiClient, connectCsi } from "../../support/csi-client.ts";
import { eventually, type Program, startProgram } from "../../support/processes.ts";
import type { Cloud } from "./cloud.ts";

export interface Service {
  readonly csi: CsiClient;
  readonly program: Program;
  readonly socketPath: string;
  log(): Promise<string>;
  /** SIGKILL: nothing in flight is finished or written. */
  kill(): Promise<void>;
  /** SIGTERM; resolves with how it ended. */
  stop(): Promise<number | NodeJS.Signals>;
}

export interface ServiceOptions {
  /** Default: the cloud's own ready file. */
  readonly readyFile?: string;
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The client's deadline for each call. */
  readonly deadlineSeconds?: number;
  /** Default `debug`. */
  readonly logLevel?: "info" | "debug";
  /** Flags of Node itself. */
  readonly nodeFlags?: readonly string[];
}

let bundled: Promise<string> | undefined;

/** Built once per test run, and removed at its end. */
function serviceBundle(): Promise<string> {
  if (bundled !== undefined) return bundled;
  const folder = mkdtempSync(join(tmpdir(), "keyless-csi-bundle-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  bundled = bundle(BUNDLES.service, folder);
  return bundled;
}

let counter = 0;

/** Program and arguments, without `--endpoint`. */
export async function serviceCommand(cloud: Cloud, options: ServiceOptions = {}): Promise<string[]> {
  const { nodeFlags = [], flags = [], readyFile = cloud.readyFile } = options;
  const own = [
    "--cloud-file",
    readyFile,
    "--cluster-id",
    "faults",
    "--log-level",
    options.logLevel ?? "debug",
    ...flags,
  ];
  return [process.execPath, ...nodeFlags, await serviceBundle(), "controller", ...own];
}

/** Resolves once the service answers Probe. */
export async function startService(cloud: Cloud, options: ServiceOptions = {}): Promise<Service> {
  counter += 1;
  const socketPath = join(cloud.folder, `${counter}.sock`);
  const [node = "", ...args] = await serviceCommand(cloud, options);
  const program = await startProgram(node, [...args, "--endpoint", `unix://${socketPath}`], {
    name: `controller-${counter}`,
    logFolder: cloud.folder,
    env: options.env ?? {},
  });
  const probe = connectCsi(`unix:${socketPath}`, 1);
  await eventually(program, () => probe.identity("Probe", {})).finally(() => probe.close());
  const csi = connectCsi(`unix:${socketPath}`, options.deadlineSeconds ?? 60);
  return {
    csi,
    program,
    socketPath,
    log: () => readFile(program.logFile, "utf8"),
    async kill() {
      await program.kill();
      csi.close();
    },
    async stop() {
      const how = await program.stop(60);
      csi.close();
      return how;
    },
  };
}

/** Fresh services one after another; each starts while its predecessor is still at work. */
export interface Spares {
  next(): Promise<Service>;
  stop(): Promise<void>;
}

export function startSpares(cloud: Cloud, options: ServiceOptions = {}): Spares {
  const start = () => {
    const service = startService(cloud, options);
    service.catch(() => {}); // `next` reports it
    return service;
  };
  let spare = start();
  return {
    async next() {
      const service = await spare;
      spare = start();
      return service;
    },
    stop: async () => void (await (await spare).kill()),
  };
}
