// The gRPC server that the references share: the product's own service definition, and the least around each call.
import { loadPackageDefinition, Server, ServerCredentials, type ServiceClientConstructor } from "@grpc/grpc-js";
import { fromJSON } from "@grpc/proto-loader";
import { descriptor, loaderOptions } from "../../../src/csi/proto.generated.ts";

/** Called for each CreateVolume and DeleteVolume with what names the volume, before the answer. */
export type Work = (volume: { readonly kind: "create" | "delete"; readonly name: string }) => Promise<void> | undefined;

type Call = { readonly request: Readonly<Record<string, string>> };
type Reply = (error: Error | null, response?: object) => void;

/** What csi-provisioner must see of a driver, as the product answers it. */
const CONTROLLER = [{ service: { type: "CONTROLLER_SERVICE" } }];
const CAPABILITIES = [{ rpc: { type: "CREATE_DELETE_VOLUME" } }];

/** Serves Identity and Controller at a socket, and prints "serving" once it does. */
export function serve(socketPath: string, work: Work, driverName = "keyless.blob.csi"): void {
  const server = new Server();
  const { csi } = loadPackageDefinition(fromJSON(descriptor, loaderOptions)) as unknown as {
    csi: { v1: Record<"Identity" | "Controller", ServiceClientConstructor> };
  };
  server.addService(csi.v1.Identity.service, {
    GetPluginInfo: always({ name: driverName, vendor_version: "0.0.0" }),
    GetPluginCapabilities: always({ capabilities: CONTROLLER }),
    Probe: always({ ready: { value: true } }),
  });
  server.addService(csi.v1.Controller.service, {
    ControllerGetCapabilities: always({ capabilities: CAPABILITIES }),
    CreateVolume: ({ request }: Call, reply: Reply) => {
      const { name = "" } = request;
      const answer = {
        volume: { volume_id: volumeId(name), capacity_bytes: String(2 ** 30), volume_context: context(name) },
      };
      after(work({ kind: "create", name }), reply, answer);
    },
    DeleteVolume: ({ request }: Call, reply: Reply) => {
      const name = request["volume_id"]?.split("#")[2] ?? "";
      after(work({ kind: "delete", name }), reply, {});
    },
  });
  server.bindAsync(`unix:${socketPath}`, ServerCredentials.createInsecure(), (error) => {
    if (error !== null) throw error;
    process.stderr.write('{"message":"serving"}\n');
  });
  process.once("SIGTERM", () => server.tryShutdown(() => process.exit()));
}

function always(response: object) {
  return (_call: Call, reply: Reply) => reply(null, response);
}

function after(work: Promise<void> | undefined, reply: Reply, answer: object): void {
  if (work === undefined) reply(null, answer);
  else
    work.then(
      () => reply(null, answer),
      (error: Error) => reply(error),
    );
}

/** As long as the product's. */
function volumeId(name: string): string {
  return `rg-bench#klaaaaaaaaaaaaaaaaaaaaaa#${name}###22222222-2222-4222-8222-222222222222`;
}

function context(name: string): Readonly<Record<string, string>> {
  return {
    clientID: "44444444-4444-4444-8444-444444444444",
    tenantID: "11111111-1111-4111-8111-111111111111",
    containerName: name,
    storageAccount: "klaaaaaaaaaaaaaaaaaaaaaa",
    resourceGroup: "rg-bench",
    mountWithWorkloadIdentityToken: "true",
    protocol: "fuse2",
  };
}
