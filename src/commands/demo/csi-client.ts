/** A CSI client for the demo and the tests: typed calls over a real socket, a deadline on each, as a sidecar makes them. */
import grpc from "@grpc/grpc-js";
import protoLoader from "@grpc/proto-loader";
import { type ControllerCalls, descriptor, type IdentityCalls, loaderOptions } from "../../csi/proto.generated.ts";

/** Calls one method of one service. Rejects with grpc-js' ServiceError (`code`, `details`). */
type Caller<Calls extends { [M in keyof Calls]: { client: { request: unknown; response: unknown } } }> = <
  M extends keyof Calls & string,
>(
  method: M,
  request: Calls[M]["client"]["request"],
) => Promise<Calls[M]["client"]["response"]>;

export interface CsiClient {
  readonly identity: Caller<IdentityCalls>;
  readonly controller: Caller<ControllerCalls>;
  close(): void;
}

const services = protoLoader.fromJSON(descriptor, loaderOptions);

/** `address` is what grpc-js dials, such as `unix:///path`; it connects at the first call. */
export function connectCsi(address: string, deadlineSeconds = 30): CsiClient {
  const clients: grpc.Client[] = [];
  function caller(service: string): (method: string, request: unknown) => Promise<unknown> {
    const definition = services[service] as grpc.ServiceDefinition;
    const Client = grpc.makeGenericClientConstructor(definition, service);
    const client = new Client(address, grpc.credentials.createInsecure());
    clients.push(client);
    return (method, request) =>
      new Promise((resolve, reject) => {
        const rpc = definition[method];
        if (!rpc) throw new Error(`${service} has no ${method}`);
        const deadline = Date.now() + deadlineSeconds * 1000;
        const { path, requestSerialize, responseDeserialize } = rpc;
        client.makeUnaryRequest(
          path,
          requestSerialize,
          responseDeserialize,
          request,
          { deadline },
          (error, response) => (error ? reject(error) : resolve(response)),
        );
      });
  }
  return {
    identity: caller("csi.v1.Identity") as Caller<IdentityCalls>,
    controller: caller("csi.v1.Controller") as Caller<ControllerCalls>,
    close: () => {
      for (const client of clients) client.close();
    },
  };
}
