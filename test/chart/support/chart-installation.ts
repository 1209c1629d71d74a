// What `helm install` has put into a control plane, running: the programs of the Deployment's containers, with the arguments that
// the API server holds, as processes beside it.
import { NODE_ENVIRONMENT, NODE_FLAGS } from "../../../scripts/bundle/node-flags.ts";
import { type ControlPlane, freePort } from "../../support/control-plane.ts";
import { type PodOptions, startPod } from "../../support/controller-pod.ts";
import type { Program } from "../../support/processes.ts";
import { repository } from "../../support/sources.ts";
import { CONFIGURED, chartFolder, helm, type Values } from "./helm.ts";

const NAMESPACE = "kube-system";

/** The emulated Azure and the bundle that a replica runs with. */
export interface ReplicaOptions extends Pick<PodOptions, "plane" | "readyFile" | "ready"> {
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

/**
 * Starts a pod of the Deployment as it is in the control plane; one runs at a time. All have one host name, so that each is the leader
 * at once and does not wait until the Lease of the one before has expired.
 */
export async function startReplica({ bundle, ...options }: ReplicaOptions): Promise<Replica> {
  const metrics = `127.0.0.1:${await freePort()}`;
  const pod = await startPod({
    ...options,
    entryPoint: [process.execPath, ...NODE_FLAGS, bundle],
    env: NODE_ENVIRONMENT,
    name: "replica",
    httpEndpoints: { "csi-provisioner": metrics },
  });
  return {
    controller: pod.container("keyless-csi"),
    provisioner: pod.container("csi-provisioner"),
    provisionerMetrics: `http://${metrics}/metrics`,
    stop: async () => void (await pod.terminate()),
  };
}

/** The YAML block of README.md whose object is of this kind, as text. */
export function readmeExcerpt(readme: string, kind: string): string {
  const blocks = [...readme.matchAll(/^```yaml\n([\s\S]*?)^```/gm)].flatMap(([, yaml = ""]) => yaml.split(/^---\n/m));
  const found = blocks.find((block) => new RegExp(`^kind: ${kind}$`, "m").test(block));
  if (found === undefined) throw new Error(`${repository}/README.md shows no ${kind}`);
  return found;
}
