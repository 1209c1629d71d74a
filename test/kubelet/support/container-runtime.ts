// A container runtime for the kubelet (CRI v1), as far as pods of these tests need one: sandboxes are records, containers are
// processes of this machine with the volumes of the pod. Images are not pulled: each "exists".
import { randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { kubeletProto } from "../../support/tools.ts";
import { type Outcome, startContainer } from "./container-process.ts";
import { type Container, passes, type Sandbox, statusOf, viewContainer, viewSandbox } from "./container-records.ts";
import { type GrpcServer, type Handler, StatusError, serve } from "./grpc-server.ts";

export interface ContainerRuntime {
  readonly socketPath: string;
  /** Runs a command in the running container of a pod. */
  exec(namespace: string, pod: string, command: readonly string[]): Promise<Outcome>;
  /** Path of the newest log of a pod's container. */
  logOf(namespace: string, pod: string): string;
  stop(): Promise<void>;
}

const now = () => BigInt(Date.now()) * 1_000_000n;

/** `folder` is where the root folders of containers go. */
export async function startContainerRuntime(folder: string): Promise<ContainerRuntime> {
  const sandboxes = new Map<string, Sandbox>();
  const containers = new Map<string, Container>();
  const socketPath = join(folder, "cri.sock");
  const proto = await kubeletProto("k8s.io/cri-api");
  const server: GrpcServer = await serve(socketPath, proto, {
    "runtime.v1.RuntimeService": {
      ...runtimeInformation,
      ...sandboxCalls(sandboxes, containers),
      ...containerCalls(folder, sandboxes, containers),
    },
    "runtime.v1.ImageService": imageCalls(folder),
  });
  const newestOf = (namespace: string, pod: string): Container => {
    const found = [...containers.values()].filter(({ sandbox: { config } }) => {
      const { metadata } = config;
      return metadata.namespace === namespace && metadata.name === pod;
    });
    const newest = found.at(-1);
    if (newest === undefined) throw new Error(`pod ${namespace}/${pod} has no container`);
    return newest;
  };
  return {
    socketPath,
    exec(namespace, pod, command) {
      const { process } = newestOf(namespace, pod);
      if (process === undefined) throw new Error(`pod ${namespace}/${pod} has not started`);
      return process.exec(command);
    },
    logOf: (namespace, pod) => newestOf(namespace, pod).logPath,
    async stop() {
      await Promise.all([...containers.values()].map(({ process }) => process?.stop(0)));
      server.close();
    },
  };
}

const runtimeInformation: Record<string, Handler> = {
  Version: () => ({
    version: "0.1.0",
    runtime_name: "keyless-csi-test",
    runtime_version: "1.0.0",
    runtime_api_version: "v1",
  }),
  Status: () => ({
    status: { conditions: ["RuntimeReady", "NetworkReady"].map((type) => ({ type, status: true })) },
    runtime_handlers: [{ name: "", features: {} }],
  }),
  RuntimeConfig: () => ({ linux: { cgroup_driver: "CGROUPFS" } }),
  UpdateRuntimeConfig: () => ({}),
  ListContainerStats: () => ({ stats: [] }),
  ListPodSandboxStats: () => ({ stats: [] }),
};

function imageCalls(folder: string): Record<string, Handler> {
  const filesystem = { timestamp: String(now()), fs_id: { mountpoint: folder }, used_bytes: { value: "1" } };
  return {
    ListImages: () => ({ images: [] }),
    ImageStatus: ({ image }) => ({
      image: { id: image.image, repo_tags: [image.image], size: "1", uid: { value: "0" }, spec: image },
    }),
    PullImage: ({ image }) => ({ image_ref: image.image }),
    RemoveImage: () => ({}),
    ImageFsInfo: () => ({ image_filesystems: [filesystem], container_filesystems: [filesystem] }),
  };
}

function sandboxCalls(sandboxes: Map<string, Sandbox>, containers: Map<string, Container>): Record<string, Handler> {
  const stopContainersOf = (id: string) =>
    Promise.all(
      [...containers.values()].filter(({ sandbox }) => sandbox.id === id).map((each) => each.process?.stop(0)),
    );
  return {
    RunPodSandbox: ({ config }) => {
      const id = randomUUID();
      sandboxes.set(id, { id, config, createdAt: now(), isReady: true });
      return { pod_sandbox_id: id };
    },
    async StopPodSandbox({ pod_sandbox_id: id }) {
      await stopContainersOf(id);
      const sandbox = sandboxes.get(id);
      if (sandbox !== undefined) sandbox.isReady = false;
      return {};
    },
    async RemovePodSandbox({ pod_sandbox_id: id }) {
      await stopContainersOf(id);
      for (const container of containers.values()) if (container.sandbox.id === id) containers.delete(container.id);
      sandboxes.delete(id);
      return {};
    },
    PodSandboxStatus({ pod_sandbox_id: id }) {
      const sandbox = sandboxes.get(id);
      if (sandbox === undefined) throw new StatusError("NOT_FOUND", `no sandbox ${id}`);
      const linux = { namespaces: { options: { network: "POD", pid: "CONTAINER", ipc: "POD" } } };
      return { status: { ...viewSandbox(sandbox), network: { ip: "192.0.2.10" }, linux } }; // for documentation: RFC 5737
    },
    ListPodSandbox: ({ filter }) => ({
      items: [...sandboxes.values()].map(viewSandbox).filter((each) => passes(each, filter)),
    }),
  };
}

function containerCalls(
  folder: string,
  sandboxes: Map<string, Sandbox>,
  containers: Map<string, Container>,
): Record<string, Handler> {
  const find = (id: string): Container => {
    const container = containers.get(id);
    if (container === undefined) throw new StatusError("NOT_FOUND", `no container ${id}`);
    return container;
  };
  return {
    CreateContainer({ pod_sandbox_id: sandboxId, config }) {
      const sandbox = sandboxes.get(sandboxId);
      if (sandbox === undefined) throw new StatusError("NOT_FOUND", `no sandbox ${sandboxId}`);
      const id = randomUUID();
      const logPath = join(sandbox.config.log_directory, config.log_path);
      containers.set(id, { id, sandbox, config, logPath, createdAt: now() });
      return { container_id: id };
    },
    async StartContainer({ container_id: id }) {
      await start(find(id), join(folder, id.slice(0, 8)));
      return {};
    },
    async StopContainer({ container_id: id, timeout }) {
      await containers.get(id)?.process?.stop(Number(timeout));
      return {};
    },
    async RemoveContainer({ container_id: id }) {
      await containers.get(id)?.process?.stop(0);
      containers.delete(id);
      return {};
    },
    ListContainers: ({ filter }) => ({
      containers: [...containers.values()].map(viewContainer).filter((each) => passes(each, filter)),
    }),
    ContainerStatus: ({ container_id: id }) => ({ status: statusOf(find(id)) }),
    UpdateContainerResources: () => ({}),
    ReopenContainerLog: () => ({}),
  };
}

async function start(container: Container, folder: string): Promise<void> {
  const { config, logPath } = container;
  const { run_as_user: user, run_as_group: group, supplemental_groups: groups } = config.linux?.security_context ?? {};
  await mkdir(dirname(logPath), { recursive: true });
  const command = [...config.command, ...config.args];
  container.process = await startContainer({
    folder,
    command: command.length > 0 ? command : ["sleep", "infinity"],
    env: Object.fromEntries(config.envs.map(({ key, value }) => [key, value])),
    mounts: config.mounts.map((mount) => ({
      hostPath: mount.host_path,
      containerPath: mount.container_path,
      isReadOnly: mount.readonly,
    })),
    user: Number(user?.value ?? 0),
    group: Number(group?.value ?? 0),
    groups: (groups ?? []).map(Number),
    logFile: logPath,
  });
  void container.process.ended.then((exitCode) => {
    container.exitCode = exitCode;
    container.finishedAt = now();
  });
}
