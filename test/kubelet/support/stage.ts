// A whole installation with a node: control plane, scheduler, kubelet, node plugin, csi-provisioner with the flags and rights
// of deploy/manifests, our controller, and Azure, which everything on the node finds by its public names.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { trustCloud } from "../../../src/commands/trust-cloud.ts";
import { type AzureAdministrator, azureAdministrator } from "../../support/azure-administrator.ts";
import { type ControlPlane, startControlPlane } from "../../support/control-plane.ts";
import { type Manifest, manifestOf, readManifests } from "../../support/deployment.ts";
import { type EmulatedDriver, startEmulatedDriver } from "../../support/emulated-driver.ts";
import { issuerFlags, letEntraReadKeys, printLogs, startSidecar } from "../../support/installation.ts";
import type { Program } from "../../support/processes.ts";
import { repository } from "../../support/sources.ts";
import { removeUnbound } from "./container-process.ts";
import { type ContainerRuntime, startContainerRuntime } from "./container-runtime.ts";
import { KUBELET_FOLDER, startKubelet } from "./kubelet.ts";
import { unmountBelow } from "./mounts.ts";
import { startNameServer } from "./name-server.ts";
import { type NodePlugin, startNodePlugin } from "./node-plugin.ts";
import { givenPrograms, startOssNodePlugin } from "./oss-node-plugin.ts";

export const CLUSTER_ID = "kubelet-test";
/** The driver that csi-provisioner creates volumes for. */
export const OUR_DRIVER = "keyless.blob.csi";

export interface StageOptions {
  /** Way A (dedicated) or way B (shared) of docs/how-to/node-plugin.md. */
  readonly nodeDriver: "keyless.blob.csi" | "blob.csi.azure.com";
  /** Seconds until a role assignment is in force. */
  readonly propagationSeconds?: number;
  /** Additional flags of the controller. */
  readonly controllerFlags?: readonly string[];
}

export interface Stage {
  readonly plane: ControlPlane;
  readonly driver: EmulatedDriver;
  readonly runtime: ContainerRuntime;
  readonly plugin: NodePlugin;
  readonly kubelet: Program;
  readonly azure: AzureAdministrator;
  apply(...objects: readonly object[]): Promise<void>;
  stop(options: { readonly keepLogs: boolean }): Promise<void>;
}

/** Nothing is left running when it rejects. */
export async function startStage(options: StageOptions): Promise<Stage> {
  const endings: ((options: { readonly keepLogs: boolean }) => unknown)[] = [];
  const stop: Stage["stop"] = async (how) => {
    for (let end = endings.pop(); end !== undefined; end = endings.pop()) await end(how);
  };
  try {
    const names = await startNameServer();
    endings.push(() => names.close());
    const plane = await startControlPlane({ schedulesPods: true });
    endings.push((how) => plane.stop(how));
    const apply: Stage["apply"] = async (...objects) => {
      const list = { apiVersion: "v1", kind: "List", items: objects };
      await plane.kubectl(["apply", "-f", "-"], JSON.stringify(list));
    };
    const manifests = await readManifests();
    // The controller runs as a process beside the cluster, not as a pod of it.
    await apply(...manifests.filter(({ kind }) => kind !== "Deployment"));
    if (options.nodeDriver !== OUR_DRIVER) await apply(...(await sharedNodePlugin()), foreignCsiDriver(manifests));
    await letEntraReadKeys(plane);
    const driver = await startDriver(plane, options);
    endings.push((how) => driver.stop(how));
    trustCloud(driver.ready);
    const provisioner = await startSidecar("csi-provisioner", { plane, driver });
    const resizer = await startSidecar("csi-resizer", { plane, driver });
    endings.push(({ keepLogs }) => keepLogs && printLogs([driver.controller, provisioner, resizer]));
    // Runs after everything else of the node has stopped: the next stage's kubelet must find no mounts, tokens or pods.
    endings.push(() => emptyKubeletFolder());
    const runtime = await startContainerRuntime(driver.folder);
    endings.push(() => runtime.stop());
    const kubelet = await startKubelet(plane, runtime.socketPath);
    // Stopped before the runtime, or it would restart the containers that the runtime stops.
    endings.push(() => kubelet.stop());
    const { caFile } = driver.ready;
    const programs = givenPrograms();
    const pluginOptions = { driverName: options.nodeDriver, caFile, folder: driver.folder };
    const plugin = await (programs === undefined
      ? startNodePlugin(pluginOptions)
      : startOssNodePlugin(programs, { ...pluginOptions, kubeconfig: plane.kubeconfig }));
    endings.push(async ({ keepLogs }) => {
      if (keepLogs && plugin.program !== undefined) await printLogs([plugin.program]);
      await plugin.stop();
    });
    return { plane, driver, runtime, plugin, kubelet, azure: azureAdministrator(driver.ready), apply, stop };
  } catch (error) {
    await stop({ keepLogs: true });
    throw error;
  }
}

async function emptyKubeletFolder(): Promise<void> {
  await unmountBelow(KUBELET_FOLDER);
  for (const name of await readdir(KUBELET_FOLDER)) await removeUnbound(join(KUBELET_FOLDER, name));
}

/** The objects of a file of deploy/, from the repository's root. */
export async function readObjects(file: string): Promise<Manifest[]> {
  const text = await readFile(join(repository, file), "utf8");
  return parseAllDocuments(text).map((document) => document.toJS() as Manifest);
}

function sharedNodePlugin(): Promise<Manifest[]> {
  return readObjects("deploy/examples/shared-node-plugin.yaml");
}

/** The CSIDriver object that the OSS driver's own installation has; its spec is the same as ours. */
function foreignCsiDriver(manifests: readonly Manifest[]): object {
  const { metadata, ...ours } = manifestOf(manifests, "CSIDriver");
  return { ...ours, metadata: { name: "blob.csi.azure.com" } };
}

async function startDriver(
  plane: ControlPlane,
  { nodeDriver, propagationSeconds = 0, controllerFlags = [] }: StageOptions,
): Promise<EmulatedDriver> {
  const kubeconfig = await plane.kubeconfigOf("kube-system", "keyless-csi-controller");
  return startEmulatedDriver(
    CLUSTER_ID,
    ["--kubernetes", "on", "--kubeconfig", kubeconfig, "--node-driver", nodeDriver, ...controllerFlags],
    [
      "--listen=127.0.0.1:0",
      "--listen=127.0.0.1:443",
      ...issuerFlags(plane),
      `--propagation-seconds=${propagationSeconds}`,
    ],
  );
}
