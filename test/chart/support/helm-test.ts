// `helm test` where no node runs pods: the pod that Helm creates is run as a process with its own arguments, and what a kubelet would
// write of its end is written.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { NODE_FLAGS } from "../../../scripts/bundle/node-flags.ts";
import type { ControlPlane } from "../../support/control-plane.ts";
import { type Manifest, withFlags } from "../../support/deployment.ts";
import { eventually, type Program } from "../../support/processes.ts";
import type { ReplicaOptions } from "./chart-installation.ts";
import { helm } from "./helm.ts";

const POD = "keyless-csi-doctor";
const NAMESPACE = ["--namespace", "kube-system"];

export interface HelmTest {
  /** Whether `helm test` ended with 0. */
  readonly isPassed: boolean;
  /** What it said when it did not. */
  readonly message: string;
  /** The pod's log. */
  readonly log: string;
}

/** `beside`: whatever must run meanwhile. */
export async function helmTest(options: ReplicaOptions, beside: Program): Promise<HelmTest> {
  const { plane } = options;
  await plane.kubectl(["delete", "pod", POD, ...NAMESPACE, "--ignore-not-found"]);
  const ended = helm(["test", "keyless-csi", "--kubeconfig", plane.kubeconfig, ...NAMESPACE, "--timeout", "2m"]).then(
    () => ({ isPassed: true, message: "" }),
    (error: Error) => ({ isPassed: false, message: error.message }),
  );
  const get = async () => JSON.parse(await plane.kubectl(["get", "pod", POD, ...NAMESPACE, "-o", "json"])) as Manifest;
  const { spec } = (await eventually(beside, get)) as unknown as { readonly spec: PodSpec };
  const { code, log } = await runContainer(spec.containers[0], options);
  await end(plane, code);
  return { ...(await ended), log };
}

interface PodSpec {
  readonly containers: readonly [Container];
}

interface Container {
  readonly args: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value: string }[];
}

async function runContainer(
  { args: [command = "", ...flags], env = [] }: Container,
  { plane, ready, readyFile, bundle }: ReplicaOptions,
): Promise<{ readonly code: number; readonly log: string }> {
  const folder = await mkdtemp(join(plane.folder, "doctor-"));
  const map = await plane.kubectl(["get", "configmap", "keyless-csi", ...NAMESPACE, "-o", "json"]);
  await writeFile(
    join(folder, "config.yaml"),
    (JSON.parse(map) as { data: Record<string, string> }).data["config.yaml"] ?? "",
  );
  const own = {
    config: join(folder, "config.yaml"),
    "token-file": ready.controller.tokenFile,
    kubeconfig: await plane.kubeconfigOf("kube-system", "keyless-csi-controller"),
    "cloud-file": readyFile,
    kubernetes: "on",
  };
  const argv = [...NODE_FLAGS, bundle, command, ...withFlags(flags, own)];
  const environment = Object.fromEntries(env.map(({ name, value }) => [name, value]));
  return await new Promise((resolve) => {
    execFile(process.execPath, argv, { env: { ...process.env, ...environment } }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === "number" ? error.code : 0, log: stdout + stderr }),
    );
  });
}

async function end(plane: ControlPlane, exitCode: number): Promise<void> {
  const state = { terminated: { exitCode } };
  const container = { name: "doctor", image: "keyless-csi", imageID: "", ready: false, restartCount: 0, state };
  const status = { phase: exitCode === 0 ? "Succeeded" : "Failed", containerStatuses: [container] };
  await patchStatus(plane, POD, status);
}

/** Has the Deployment's pods ready, as a kubelet would. Where it is being rolled, some come and go meanwhile. */
export async function makeReady(plane: ControlPlane, beside: Program): Promise<void> {
  const selector = ["--selector", "app.kubernetes.io/name=keyless-csi"];
  const where = ["deployment/keyless-csi-controller", ...NAMESPACE];
  const path = "{.status.replicas} {.status.updatedReplicas} {.status.readyReplicas}";
  await eventually(beside, async () => {
    const names = await plane.kubectl(["get", "pods", ...NAMESPACE, ...selector, "-o", "name"]);
    const condition = { type: "Ready", status: "True", lastTransitionTime: new Date().toISOString() };
    for (const name of names.trim().split("\n")) {
      await patchStatus(plane, name.replace("pod/", ""), { phase: "Running", conditions: [condition] });
    }
    assert.equal(await plane.kubectl(["get", ...where, "-o", `jsonpath=${path}`]), "2 2 2");
  });
}

async function patchStatus(plane: ControlPlane, pod: string, status: object): Promise<void> {
  const patch = ["--subresource=status", "--type=merge", "--patch", JSON.stringify({ status })];
  await plane.kubectl(["patch", "pod", pod, ...NAMESPACE, ...patch]);
}
