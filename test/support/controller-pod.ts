// A pod of the controller's Deployment, as the API server holds it, as processes beside the control plane: its containers, a host
// name of its own, and what a kubelet does to them. livenessprobe is left out.
import { mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ControlPlane } from "./control-plane.ts";
import { argumentsOf, environmentOf, type Manifest, withFlags } from "./deployment.ts";
import { waitUntilReady } from "./emulated-driver.ts";
import type { ReadyFile } from "./emulator-admin.ts";
import { type Program, startProgram } from "./processes.ts";
import { toolPath } from "./tools.ts";

const CONTAINERS = ["keyless-csi", "csi-provisioner", "csi-resizer"] as const;
const SIDECARS = ["csi-provisioner", "csi-resizer"] as const;
const NAMESPACE = "kube-system";

/** A container of the Deployment that is run. */
export type ContainerName = (typeof CONTAINERS)[number];

export interface PodOptions {
  readonly plane: ControlPlane;
  /** Of the emulated Azure. */
  readonly readyFile: string;
  readonly ready: ReadyFile;
  /** The image's entry point: what comes before the arguments of the container `keyless-csi`. */
  readonly entryPoint: readonly [path: string, ...args: string[]];
  readonly env?: Readonly<Record<string, string>>;
  /** The pod's name, which is its host name too: what the sidecars' elections tell replicas apart by. */
  readonly name: string;
  /** Where sidecars serve their metrics, HOST:PORT; otherwise they do not. */
  readonly httpEndpoints?: Readonly<Partial<Record<(typeof SIDECARS)[number], string>>>;
}

export interface ControllerPod {
  readonly name: string;
  /** `unix://...` of the controller. */
  readonly endpoint: string;
  /** The present run of a container. */
  container(name: ContainerName): Program;
  /** SIGKILL to one container, which is then started again in its pod, as a kubelet does. */
  crash(name: ContainerName): Promise<void>;
  /** SIGKILL to all containers at once, for good: the node has died. */
  kill(): Promise<void>;
  /** SIGTERM to all containers at once, SIGKILL after the pod's grace period: the pod is deleted. Answers how each ended. */
  terminate(): Promise<Record<ContainerName, number | NodeJS.Signals>>;
}

/**
 * Starts the containers with the arguments of the Deployment; resolves once the controller answers Probe. Replaced is only what a
 * pod's own file system and network give: paths and ports, the API server's address, and the emulator in place of Azure.
 */
export async function startPod(options: PodOptions): Promise<ControllerPod> {
  const { plane, name } = options;
  const folder = await mkdtemp(join(plane.folder, `${name}-`));
  const get = async (what: string) =>
    JSON.parse(await plane.kubectl(["get", what, "--namespace", NAMESPACE, "--output", "json"])) as Manifest;
  const deployment = await get("deployment/keyless-csi-controller");
  const { data } = (await get("configmap/keyless-csi")) as unknown as { data: Record<string, string> };
  await writeFile(join(folder, "config.yaml"), data["config.yaml"] ?? "");
  const commands = await commandsOf(deployment, folder, options);
  const pod = await runContainers(commands, folder, name, graceSecondsOf(deployment));
  await waitUntilReady(pod.container("keyless-csi"), pod.endpoint);
  return pod;
}

const endpointIn = (folder: string) => `unix://${join(folder, "csi.sock")}`;

interface Command {
  readonly path: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

async function commandsOf(
  deployment: Manifest,
  folder: string,
  { plane, ready, readyFile, entryPoint, env = {}, httpEndpoints = {} }: PodOptions,
): Promise<Record<ContainerName, Command>> {
  const kubeconfig = await plane.kubeconfigOf(NAMESPACE, "keyless-csi-controller");
  const socket = join(folder, "csi.sock");
  const sidecar = async (name: (typeof SIDECARS)[number]) => {
    const own = { "csi-address": socket, kubeconfig, "http-endpoint": httpEndpoints[name] ?? "" };
    const args = withFlags(argumentsOf(deployment, name), own);
    return { path: await toolPath(name), args, env: {} };
  };
  const [command = "", ...flags] = argumentsOf(deployment, "keyless-csi");
  const ofController = withFlags(flags, {
    endpoint: endpointIn(folder),
    config: join(folder, "config.yaml"),
    "http-endpoint": "127.0.0.1:0",
    "token-file": ready.controller.tokenFile,
    kubeconfig,
    "cloud-file": readyFile,
    kubernetes: "on",
  });
  const [path, ...before] = entryPoint;
  return {
    "keyless-csi": {
      path,
      args: [...before, command, ...ofController],
      env: { ...environmentOf(deployment, "keyless-csi"), ...env },
    },
    "csi-provisioner": await sidecar("csi-provisioner"),
    "csi-resizer": await sidecar("csi-resizer"),
  };
}

/** `restartPolicy: Always`, without the kubelet's pauses, which begin with the second crash of a container. */
async function runContainers(
  commands: Record<ContainerName, Command>,
  folder: string,
  name: string,
  graceSeconds: number,
): Promise<ControllerPod> {
  const running = new Map<ContainerName, Program>();
  let isDeleted = false;
  const start = async (container: ContainerName) => {
    const { env, ...command } = commands[container];
    const [path, args] = withHostName(name, command);
    const program = await startProgram(path, args, { name: container, logFolder: folder, env });
    running.set(container, program);
    if (isDeleted) await program.kill(); // it was being started when the others ended
    void program.ended.then(() => (isDeleted ? undefined : start(container)));
    return program;
  };
  const container = (of: ContainerName) => running.get(of) ?? failNotStarted(of);
  const atOnce = <T>(act: (program: Program) => Promise<T>) => {
    isDeleted = true;
    return Promise.all(CONTAINERS.map(async (of) => [of, await act(container(of))] as const));
  };
  for (const of of CONTAINERS) await start(of);
  return {
    name,
    endpoint: endpointIn(folder),
    container,
    crash: (of) => container(of).kill(),
    kill: async () => void (await atOnce((program) => program.kill())),
    terminate: async () =>
      Object.fromEntries(await atOnce((program) => program.stop(graceSeconds))) as Awaited<
        ReturnType<ControllerPod["terminate"]>
      >,
  };
}

function failNotStarted(container: ContainerName): never {
  throw new Error(`${container} has not been started`);
}

/** A command in a UTS namespace of its own, under the process id that it is started with. */
function withHostName(name: string, { path, args }: Omit<Command, "env">): [path: string, args: string[]] {
  const asUser = process.getuid?.() === 0 ? [] : ["--user", "--map-root-user"];
  return ["unshare", [...asUser, "--uts", "sh", "-c", 'hostname "$0" && exec "$@"', name, path, ...args]];
}

function graceSecondsOf(deployment: Manifest): number {
  const { template } = deployment["spec"] as {
    template: { spec: { terminationGracePeriodSeconds: number } };
  };
  return template.spec.terminationGracePeriodSeconds;
}
