// A gRPC server on a unix socket for the interfaces that a kubelet calls, from their official .proto files.
import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import grpc from "@grpc/grpc-js";
import protoLoader from "@grpc/proto-loader";

// biome-ignore lint/suspicious/noExplicitAny: messages of foreign interfaces; each handler names the fields it reads
export type Handler = (request: any) => Promise<object> | object;

/** An error that the caller sees with this code and text. */
export class StatusError extends Error {
  readonly code: grpc.status;
  constructor(code: keyof typeof grpc.status, message: string) {
    super(message);
    this.code = grpc.status[code] as unknown as grpc.status;
  }
}

export interface GrpcServer {
  close(): void;
}

/** RPCs without a handler answer UNIMPLEMENTED. `services` maps full names, such as `csi.v1.Node`, to their handlers. */
export async function serve(
  socketPath: string,
  protoFile: string,
  services: Readonly<Record<string, Readonly<Record<string, Handler>>>>,
): Promise<GrpcServer> {
  const options = { keepCase: true, longs: String, enums: String, defaults: true, includeDirs: [dirname(protoFile)] };
  const definitions = protoLoader.loadSync(protoFile, options);
  const server = new grpc.Server();
  for (const [name, handlers] of Object.entries(services)) {
    const calls = Object.entries(handlers).map(([rpc, handler]) => [rpc, toUnaryCall(handler)]);
    server.addService(definitions[name] as grpc.ServiceDefinition, Object.fromEntries(calls));
  }
  await rm(socketPath, { force: true });
  await new Promise<void>((resolve, reject) => {
    const credentials = grpc.ServerCredentials.createInsecure();
    server.bindAsync(`unix://${socketPath}`, credentials, (error) => (error ? reject(error) : resolve()));
  });
  return { close: () => server.forceShutdown() };
}

function toUnaryCall(handler: Handler): grpc.handleUnaryCall<unknown, unknown> {
  return (call, answer) => {
    Promise.resolve()
      .then(() => handler(call.request))
      .then(
        (response) => answer(null, response),
        (error: Error & { code?: number }) => {
          const code = error instanceof StatusError ? error.code : grpc.status.INTERNAL;
          answer({ code, details: error.message });
        },
      );
  };
}
