// What node-driver-registrar does beside a node plugin: registers the plugin's socket with the kubelet.
import { join } from "node:path";
import { kubeletProto } from "../../support/tools.ts";
import { type GrpcServer, serve } from "./grpc-server.ts";
import { KUBELET_FOLDER } from "./kubelet.ts";

/** Resolves once the kubelet has registered the plugin; rejects with its error otherwise. */
export async function registerPlugin(driverName: string, pluginSocket: string): Promise<GrpcServer> {
  const proto = await kubeletProto("k8s.io/kubelet");
  const socket = join(KUBELET_FOLDER, "plugins_registry", `${driverName}-reg.sock`);
  return new Promise((resolve, reject) => {
    const server = serve(socket, proto, {
      "pluginregistration.Registration": {
        GetInfo: () => ({
          type: "CSIPlugin",
          name: driverName,
          endpoint: pluginSocket,
          supported_versions: ["1.0.0"],
        }),
        async NotifyRegistrationStatus({ plugin_registered: isRegistered, error }) {
          if (isRegistered) resolve(await server);
          else reject(new Error(`the kubelet refuses ${driverName}: ${error}`));
          return {};
        },
      },
    });
    server.catch(reject);
  });
}
