// A stand-in for the Node service that csi-sanity's clean-up calls (contract.md 4) and the product does not have. It uses the
// specification's own file, since our proto has no Node messages, and does nothing.
import grpc from "@grpc/grpc-js";
import protoLoader from "@grpc/proto-loader";
import { officialProto } from "./tools.ts";

type Answer = grpc.sendUnaryData<unknown>;

/** Listens on a unix socket as a CSI plugin with Identity and Node services; `close` ends it. */
export async function startNodeStub(address: string, driverName: string): Promise<{ close(): void }> {
  const file = await officialProto();
  const services = protoLoader.loadSync(file, { keepCase: true, longs: String, enums: String, defaults: true });
  const server = new grpc.Server();
  server.addService(services["csi.v1.Identity"] as grpc.ServiceDefinition, {
    GetPluginInfo: answerWith({ name: driverName, vendor_version: "stub" }),
    GetPluginCapabilities: answerWith({ capabilities: [{ service: { type: "CONTROLLER_SERVICE" } }] }),
    Probe: answerWith({ ready: { value: true } }),
  });
  server.addService(services["csi.v1.Node"] as grpc.ServiceDefinition, {
    NodeGetCapabilities: answerWith({ capabilities: [] }),
    NodeGetInfo: answerWith({ node_id: "stub" }),
    NodePublishVolume: answerWith({}),
    NodeUnpublishVolume: answerWith({}),
    NodeStageVolume: answerWith({}),
    NodeUnstageVolume: answerWith({}),
  });
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(address, grpc.ServerCredentials.createInsecure(), (error) => (error ? reject(error) : resolve()));
  });
  return { close: () => server.forceShutdown() };
}

function answerWith(message: object): (call: unknown, answer: Answer) => void {
  return (_call, answer) => answer(null, message);
}
