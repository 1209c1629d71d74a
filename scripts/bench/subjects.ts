// What is measured: the service bundle and the references, each a bundle of its own built in the same way, started as a child
// process with the same flags of Node.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { eventually, type Program, startProgram } from "../../test/support/processes.ts";
import { NODE_ENVIRONMENT } from "../bundle/node-flags.ts";
import { BUNDLES, bundle } from "../bundle.ts";
import { type LoaderProcess, startLoader } from "./load/process.ts";
import { figuresOf, type ProcessFigures } from "./process-figures.ts";

/** Paths of the bundles. */
export interface Built {
  readonly product: string;
  readonly doNothing: string;
  readonly bareRequests: string;
  readonly sdkRequests: string;
}

export async function buildSubjects(folder: string): Promise<Built> {
  const reference = (name: string) =>
    bundle({ file: `${name}/${name}.mjs`, hasEmulator: false, entry: `scripts/bench/references/${name}.ts` }, folder);
  return {
    product: await bundle(BUNDLES.service, folder),
    doNothing: await reference("do-nothing"),
    bareRequests: await reference("bare-requests"),
    sdkRequests: await reference("sdk-requests"),
  };
}

export interface Environment {
  /** For sockets and logs; a short path, since a socket's may have 107 bytes. */
  readonly folder: string;
  readonly built: Built;
  /** Of Node, for product and references alike. */
  readonly nodeFlags: readonly string[];
}

/** A process that serves CSI, with the load generator that is connected to it. */
export interface Subject {
  readonly name: string;
  readonly program: Program;
  readonly socketPath: string;
  readonly loader: LoaderProcess;
  figures(): ProcessFigures;
  stop(): Promise<void>;
}

export interface ProductOptions {
  /** The stand-in's or the emulator's cloud file. */
  readonly cloudFile: string;
  /** Of an API server or its stand-in; absent: without Kubernetes. */
  readonly kubeconfig?: string | undefined;
  /** Further flags of the controller. */
  readonly flags?: readonly string[];
}

export function startProduct(environment: Environment, options: ProductOptions): Promise<Subject> {
  const { cloudFile, kubeconfig, flags = [] } = options;
  const cluster = kubeconfig === undefined ? ["--kubernetes=off"] : ["--kubernetes=on", `--kubeconfig=${kubeconfig}`];
  const args = (socketPath: string) => [
    environment.built.product,
    ...["controller", `--endpoint=unix://${socketPath}`, `--cloud-file=${cloudFile}`, ...cluster, ...flags],
  ];
  return start(environment, "product", args);
}

/** `driverName`: beside the product behind one API server it needs another name. */
export function startDoNothing(environment: Environment, driverName = "keyless.blob.csi"): Promise<Subject> {
  return start(environment, "do-nothing", (socketPath) => [environment.built.doNothing, socketPath, driverName]);
}

/** `kinds`: the requests of each volume, as `planFrom` makes them of what the product was counted to send. */
export function startBareRequests(
  environment: Environment,
  kinds: readonly string[],
  cloudFile: string,
): Promise<Subject> {
  const { bareRequests } = environment.built;
  return start(environment, "bare-requests", (path) => [bareRequests, path, JSON.stringify(kinds), cloudFile]);
}

/** The three requests of a warm volume through ARM, sent by the SDKs. */
export function startSdkRequests(environment: Environment, cloudFile: string): Promise<Subject> {
  return start(environment, "sdk-requests", (path) => [environment.built.sdkRequests, path, cloudFile]);
}

let started = 0;

async function start(
  { folder, nodeFlags }: Environment,
  kind: string,
  args: (socketPath: string) => readonly string[],
): Promise<Subject> {
  started += 1;
  const name = `${kind}-${started}`;
  const socketPath = join(folder, `${started}.sock`);
  const program = await startProgram(process.execPath, [...nodeFlags, ...args(socketPath)], {
    name,
    logFolder: folder,
    env: NODE_ENVIRONMENT,
  });
  await eventually(program, async () => {
    if (!(await readFile(program.logFile, "utf8")).includes('"message":"serving"'))
      throw new Error("does not serve yet");
  });
  const loader = startLoader(socketPath);
  return {
    name: kind,
    program,
    socketPath,
    loader,
    figures: () => figuresOf(program.id),
    async stop() {
      await loader.stop();
      await program.stop();
    },
  };
}
