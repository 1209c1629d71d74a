/** The gRPC server on its unix socket: the only place that listens to Kubernetes. */
import { access, chmod, constants, lstat, stat, unlink } from "node:fs/promises";
import { connect } from "node:net";
import { dirname } from "node:path";
import { loadPackageDefinition, Server, ServerCredentials, type ServiceClientConstructor } from "@grpc/grpc-js";
import { fromJSON } from "@grpc/proto-loader";
import { DriverError } from "../errors.ts";
import { type CallObserver, unaryCall } from "./call.ts";
import { type ControllerCalls, descriptor, type IdentityCalls, loaderOptions } from "./proto.generated.ts";

/** A service: the RPCs it serves, as plain functions. gRPC answers UNIMPLEMENTED for the others. */
export type ServiceOf<Calls extends { [M in keyof Calls]: { server: { request: unknown; response: unknown } } }> = {
  [M in keyof Calls]?: (request: Calls[M]["server"]["request"]) => Promise<Calls[M]["server"]["response"]>;
};

export interface CsiServerOptions {
  readonly identity: ServiceOf<IdentityCalls>;
  readonly controller: ServiceOf<ControllerCalls>;
  readonly observer: CallObserver;
}

export interface CsiServer {
  /** Throws Misconfigured when another process is served there. */
  listen(socketPath: string): Promise<void>;
  /** Accepts nothing more and resolves when every call has its answer. */
  drain(): Promise<void>;
  /** Ends what is still under way. */
  destroy(): void;
}

export function createCsiServer(options: CsiServerOptions): CsiServer {
  // Nobody asks for gRPC's own statistics of each channel, and they cost some 3 % of a volume.
  const server = new Server({ "grpc.enable_channelz": 0 });
  const definition = loadPackageDefinition(fromJSON(descriptor, loaderOptions)) as unknown as {
    csi: { v1: Record<"Identity" | "Controller", ServiceClientConstructor> };
  };
  for (const [name, service] of [
    ["Identity", options.identity],
    ["Controller", options.controller],
  ] as const) {
    const handlers = Object.entries(service as Record<string, (request: never) => Promise<unknown>>).map(
      ([rpc, work]) => [rpc, unaryCall(`/csi.v1.${name}/${rpc}`, work, options.observer)],
    );
    server.addService(definition.csi.v1[name].service, Object.fromEntries(handlers));
  }
  return {
    listen: (socketPath) => listen(server, socketPath),
    drain: () => new Promise((resolve, reject) => server.tryShutdown((error) => (error ? reject(error) : resolve()))),
    destroy: () => server.forceShutdown(),
  };
}

/** Mode 0600 from the first moment: anybody who can connect can create and delete volumes. */
async function listen(server: Server, socketPath: string): Promise<void> {
  await removeStaleSocket(socketPath);
  await assertPlace(socketPath);
  const umask = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.bindAsync(`unix:${socketPath}`, ServerCredentials.createInsecure(), (error) =>
        error ? reject(error) : resolve(),
      );
    });
    await chmod(socketPath, 0o600);
  } catch (error) {
    const { message } = error as Error;
    const [code = message] = /\bE[A-Z]{3,}\b/.exec(message) ?? [];
    throw new DriverError(
      "Misconfigured",
      `--endpoint unix://${socketPath}: the system creates no socket there (${code}); name another path`,
      { cause: error },
    );
  } finally {
    process.umask(umask);
  }
}

/** Throws Misconfigured with the way out: gRPC would only pass on what the system says. */
async function assertPlace(socketPath: string): Promise<void> {
  const folder = dirname(socketPath);
  const fault = await findPlaceFault(socketPath, folder);
  if (fault !== undefined) throw new DriverError("Misconfigured", `--endpoint unix://${socketPath}: ${fault}`);
}

async function findPlaceFault(socketPath: string, folder: string): Promise<string | undefined> {
  try {
    if (!(await stat(folder)).isDirectory()) return `${folder} is not a folder; name a socket in one`;
    await access(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT")
      return `folder ${folder} does not exist; create it, or mount it there (an emptyDir, in a pod)`;
    if (code === "ENOTDIR") return `${folder} leads through something that is not a folder; correct the path`;
    return `this process may not create a file in ${folder} (${code}); let its user (${process.getuid?.()}) write there`;
  }
  const there = await lstat(socketPath).catch(() => undefined);
  if (there === undefined) return undefined;
  return `${there.isDirectory() ? "a folder" : "a file that is no socket"} is there, which is not removed; name another path`;
}

/** A socket that a killed process has left is replaced, a live one is not. */
async function removeStaleSocket(socketPath: string): Promise<void> {
  const state = await new Promise<"absent" | "stale" | "live">((resolve) => {
    const probe = connect(socketPath)
      .once("connect", () => {
        probe.destroy();
        resolve("live");
      })
      .once("error", (error: NodeJS.ErrnoException) => resolve(error.code === "ECONNREFUSED" ? "stale" : "absent"));
  });
  if (state === "live") {
    throw new DriverError(
      "Misconfigured",
      `--endpoint unix://${socketPath}: another process serves there; stop it, or choose another socket`,
    );
  }
  // A regular file refuses connections too, and is not ours to remove.
  if (state === "stale" && (await lstat(socketPath)).isSocket()) await unlink(socketPath);
}
