// What `helm install` has put into a control plane, running: the programs of the Deployment's containers, with the arguments that
// the API server holds, as processes beside it.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { NODE_ENVIRONMENT, NODE_FLAGS } from "../../../scripts/bundle/node-flags.ts";
import { type ControlPlane, freePort } from "../../support/control-plane.ts";
import { connectCsi } from "../../support/csi-client.ts";
import { argumentsOf, type Manifest, withFlags } from "../../support/deployment.ts";
import type { ReadyFile } from "../../support/emulator-admin.ts";
import { eventually, type Program, startProgram, stopPrograms } from "../../support/processes.ts";
import { repository } from "../../support/sources.ts";
import { CONFIGURED, chartFolder, helm, type Values } from "./helm.ts";

const NAMESPACE = "kube-system";

/** The emulated Azure and the bundle that a replica runs with. */
export interface ReplicaOptions {
  readonly plane: ControlPlane;
  readonly readyFile: string;
  readonly ready: ReadyFile & { readonly controller: { readonly clientId: string; readonly tokenFile: string } };
  /** File of the service bundle. */
  readonly bundle: string;
}

/** One pod of the Deployment. */
export interface Replica {
  readonly controller: Program;
  readonly provisioner: Program;
  /** Where csi-provisioner serves its metrics. */
  readonly provisionerMetrics: string;
  stop(): Promise<void>;
}

/** What an administrator states for the emulated Azure. */
export function valuesFor({ ready }: ReplicaOptions, values: Values = {}): Values {
  const { tenantId, subscriptionId, resourceGroup, location, controller } = ready;
  const ids = { "tenant-id": tenantId, "subscription-id": subscriptionId, "client-id": controller.clientId };
  const stated = { ...CONFIGURED.config, ...ids, "resource-group": resourceGroup, location };
  return { ...values, config: { ...stated, ...(values["config"] as Values | undefined) } };
}

/** `helm VERB keyless-csi` of the chart in the control plane; answers what it printed. */
export function release(
  plane: ControlPlane,
  verb: "install" | "upgrade",
  values: Values,
  flags: readonly string[] = [],
) {
  const where = ["--kubeconfig", plane.kubeconfig, "--namespace", NAMESPACE];
  return helm([verb, "keyless-csi", chartFolder, ...where, ...flags], values);
}

let replicas = 0;

/**
 * Starts the containers of the Deployment as it is in the control plane. Replaced is only what a pod's own file system and network
 * give: paths and ports, the API server's address, and the emulator in place of Azure.
 */
export async function startReplica({ plane, readyFile, ready, bundle }: ReplicaOptions): Promise<Replica> {
  const folder = join(plane.folder, `r${++replicas}`);
  await mkdir(folder);
  const get = async (what: string) =>
    JSON.parse(await plane.kubectl(["get", what, "--namespace", NAMESPACE, "--output", "json"])) as Manifest;
  const deployment = await get("deployment/keyless-csi-controller");
  const { data } = (await get("configmap/keyless-csi")) as unknown as { data: Record<string, string> };
  await writeFile(join(folder, "config.yaml"), data["config.yaml"] ?? "");
  const kubeconfig = await plane.kubeconfigOf(NAMESPACE, "keyless-csi-controller");
  const socket = join(folder, "csi.sock");
  const [command = "", ...flags] = argumentsOf(deployment, "keyless-csi");
  const own = withFlags(flags, {
    endpoint: `unix://${socket}`,
    config: join(folder, "config.yaml"),
    "http-endpoint": "127.0.0.1:0",
    "token-file": ready.controller.tokenFile,
    kubeconfig,
    "cloud-file": readyFile,
  });
  const controller = await startProgram(process.execPath, [...NODE_FLAGS, bundle, command, ...own, "--kubernetes=on"], {
    name: "controller",
    logFolder: folder,
    env: NODE_ENVIRONMENT,
  });
  await eventually(controller, () => probe(`unix://${socket}`));
  const sidecar = (name: "csi-provisioner" | "csi-resizer", endpoint: string) =>
    plane.start(
      name,
      withFlags(argumentsOf(deployment, name), { "csi-address": socket, kubeconfig, "http-endpoint": endpoint }),
    );
  const endpoint = `127.0.0.1:${await freePort()}`;
  const provisioner = await sidecar("csi-provisioner", endpoint);
  const resizer = await sidecar("csi-resizer", "");
  return {
    controller,
    provisioner,
    provisionerMetrics: `http://${endpoint}/metrics`,
    stop: () => stopPrograms([controller, provisioner, resizer]),
  };
}

async function probe(endpoint: string): Promise<void> {
  const client = connectCsi(endpoint, 1);
  try {
    const { ready } = await client.identity("Probe", {});
    if (ready?.value === false) throw new Error("Probe says: not ready");
  } finally {
    client.close();
  }
}

/** The YAML block of README.md whose object is of this kind, as text. */
export function readmeExcerpt(readme: string, kind: string): string {
  const blocks = [...readme.matchAll(/^```yaml\n([\s\S]*?)^```/gm)].flatMap(([, yaml = ""]) => yaml.split(/^---\n/m));
  const found = blocks.find((block) => new RegExp(`^kind: ${kind}$`, "m").test(block));
  if (found === undefined) throw new Error(`${repository}/README.md shows no ${kind}`);
  return found;
}
