// The node plugin of these tests: it treats a PersistentVolume of this driver as the OSS blob node plugin does (v1.27.9,
// pkg/blob/nodeserver.go and blob.go), with another FUSE client. It reads the same keys, takes the token from the same field,
// keeps it in the same file, refuses the same, and also binds an empty folder when no token comes.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { Program } from "../../support/processes.ts";
import { kubeletProto } from "../../support/tools.ts";
import { mountFuse, unmount } from "./fuse-mount.ts";
import { type GrpcServer, type Handler, StatusError, serve } from "./grpc-server.ts";
import { KUBELET_FOLDER, NODE } from "./kubelet.ts";
import { readMountFlags } from "./mount-flags.ts";
import { isMounted } from "./mounts.ts";
import { registerPlugin } from "./plugin-registration.ts";
import { TOKEN_FOLDER, tokenFile, writeToken } from "./token-file.ts";

const run = promisify(execFile);

/** The only audience whose token it reads. */
const AUDIENCE = "api://AzureADTokenExchange";
const READ_ONLY_MODES = ["SINGLE_NODE_READER_ONLY", "MULTI_NODE_READER_ONLY"];

export interface NodePlugin {
  /** When it is a process of its own; its log says why a mount failed. */
  readonly program?: Program;
  /** The file in which the plugin keeps the token of an identity for an account. */
  tokenFile(clientId: string, account: string): string;
  stop(): Promise<void>;
}

export interface NodePluginOptions {
  readonly driverName: string;
  readonly caFile: string;
  /** For caches and logs of mounts. */
  readonly folder: string;
}

interface PublishRequest {
  readonly volume_id: string;
  readonly target_path: string;
  readonly staging_target_path: string;
  readonly readonly: boolean;
  readonly volume_capability: {
    readonly mount?: { readonly mount_flags: readonly string[]; readonly volume_mount_group: string };
    readonly access_mode?: { readonly mode: string };
  };
  readonly volume_context: Readonly<Record<string, string>>;
}

export async function startNodePlugin(options: NodePluginOptions): Promise<NodePlugin> {
  const socket = join(KUBELET_FOLDER, "plugins", options.driverName, "csi.sock");
  for (const folder of [dirname(socket), TOKEN_FOLDER]) await mkdir(folder, { recursive: true });
  const proto = await kubeletProto("github.com/container-storage-interface/spec");
  const server = await serve(socket, proto, {
    "csi.v1.Identity": {
      GetPluginInfo: () => ({ name: options.driverName, vendor_version: "test" }),
      GetPluginCapabilities: () => ({ capabilities: [] }),
      Probe: () => ({ ready: { value: true } }),
    },
    "csi.v1.Node": nodeCalls(options),
  });
  const registration: GrpcServer = await registerPlugin(options.driverName, socket);
  return {
    tokenFile,
    async stop() {
      registration.close();
      server.close();
    },
  };
}

function nodeCalls(options: NodePluginOptions): Record<string, Handler> {
  const capabilities = ["STAGE_UNSTAGE_VOLUME", "SINGLE_NODE_MULTI_WRITER", "VOLUME_MOUNT_GROUP"];
  return {
    NodeGetInfo: () => ({ node_id: NODE }),
    NodeGetCapabilities: () => ({ capabilities: capabilities.map((type) => ({ rpc: { type } })) }),
    // The token comes only with NodePublish, so there is nothing to do yet.
    NodeStageVolume: () => ({}),
    async NodeUnstageVolume({ staging_target_path: folder }) {
      await rmdir(folder); // fails while there are files in it, as it does in the plugin
      return {};
    },
    async NodePublishVolume(request: PublishRequest) {
      const context = lowerCaseKeys(request.volume_context);
      const tokens = context["csi.storage.k8s.io/serviceaccount.tokens"] ?? "";
      checkContext(context);
      if (tokens !== "") await publish(request, context, tokens, options);
      else await bindStagingFolder(request);
      return {};
    },
    async NodeUnpublishVolume({ target_path: target }) {
      await unmount(target);
      return {};
    },
  };
}

/** Refuses what would make the plugin use an account key, blobfuse 1 or NFS, or blobfuse2 use another endpoint. */
function checkContext(context: Readonly<Record<string, string>>): void {
  if (context["mountwithworkloadidentitytoken"] !== "true") throw new StatusError("INTERNAL", "no account key");
  if (context["protocol"] !== "fuse2")
    throw new StatusError("INTERNAL", `protocol ${context["protocol"]} is not fuse2`);
  const type = context["ishnsenabled"] === "true" ? "adls" : "block";
  if (context["blobstorageaccounttype"] === type) return;
  throw new StatusError("INTERNAL", "BlobStorageAccountType and isHnsEnabled contradict each other");
}

async function publish(
  { volume_id: volumeId, target_path: target, volume_capability: capability }: PublishRequest,
  context: Readonly<Record<string, string>>,
  tokens: string,
  { caFile, folder }: NodePluginOptions,
): Promise<void> {
  const [, accountInId = "", containerInId = ""] = volumeId.split("#");
  const { storageaccount: account = accountInId, containername: container = containerInId } = context;
  const { clientid: clientId = "", tenantid: tenantId = "" } = context;
  if (clientId === "" || tenantId === "") throw new StatusError("INTERNAL", "clientID and tenantID are required");
  await writeToken(tokenFile(clientId, account), tokenOf(tokens));
  if (await isMounted(target)) return;
  await mkdir(target, { recursive: true });
  const own = join(folder, `mount-${createHash("sha256").update(target).digest("hex").slice(0, 12)}`);
  try {
    const mount = readMountFlags(optionsOf(capability, context));
    await mountFuse(
      target,
      {
        account,
        container,
        clientId,
        tenantId,
        caFile,
        tokenFile: tokenFile(clientId, account),
        cacheFolder: own,
        logFile: `${own}.log`,
      },
      mount,
    );
  } catch (error) {
    await unmount(target);
    throw new StatusError("INTERNAL", `Mount failed with error: ${(error as Error).message}`);
  }
}

/** Joined as in the plugin: where it adds to the class's own options it sorts all of them (util.JoinMountOptions). */
function optionsOf(
  { mount, access_mode: access }: PublishRequest["volume_capability"],
  context: Readonly<Record<string, string>>,
): string[] {
  const { mount_flags: flags = [], volume_mount_group: group = "" } = mount ?? {};
  const added = [
    ...(READ_ONLY_MODES.includes(access?.mode ?? "") ? ["-o ro"] : []),
    ...(context["ishnsenabled"] === "true" ? ["--use-adls=true"] : []),
  ];
  const joined = added.length > 0 ? [...new Set([...flags, ...added])].sort() : flags;
  return group === "" ? [...joined] : [...joined, `-o gid=${group}`];
}

/** Without a token: binds what NodeStage left, which is nothing, so the pod gets an empty folder on the node's own disk. */
async function bindStagingFolder({
  staging_target_path: source,
  target_path: target,
  readonly: isReadOnly,
}: PublishRequest) {
  if (await isMounted(target)) return;
  await mkdir(target, { recursive: true });
  await run("mount", ["-o", isReadOnly ? "bind,ro" : "bind", source, target]);
}

function tokenOf(tokens: string): string {
  const found = (JSON.parse(tokens) as Record<string, { token?: string }>)[AUDIENCE]?.token;
  if (found === undefined) throw new StatusError("INTERNAL", `token for audience ${AUDIENCE} not found`);
  return found;
}

function lowerCaseKeys(context: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(context).map(([key, value]) => [key.toLowerCase(), value]));
}
