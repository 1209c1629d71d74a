// Pods and claims of these tests, and commands in the pods.
import type { Stage } from "./stage.ts";

export interface PodOptions {
  readonly name: string;
  readonly namespace: string;
  readonly claim: string;
  readonly serviceAccount?: string;
  /** A shell command; the pod sleeps without one. */
  readonly script?: string;
  readonly securityContext?: object;
  readonly isReadOnly?: boolean;
}

/** A pod with its claim's volume at /data. */
export function pod({ name, namespace, ...rest }: PodOptions): object {
  return { apiVersion: "v1", kind: "Pod", metadata: { name, namespace }, spec: podSpec(rest) };
}

export function podSpec({
  claim,
  serviceAccount = "app",
  script = "exec sleep infinity",
  securityContext = {},
  isReadOnly = false,
}: Omit<PodOptions, "name" | "namespace">): object {
  return {
    serviceAccountName: serviceAccount,
    terminationGracePeriodSeconds: 2,
    securityContext,
    containers: [
      {
        name: "app",
        image: "none",
        command: ["sh", "-c", script],
        volumeMounts: [{ name: "data", mountPath: "/data" }],
      },
    ],
    volumes: [{ name: "data", persistentVolumeClaim: { claimName: claim, readOnly: isReadOnly } }],
  };
}

/** Not root, in a group of its own, with an fsGroup: what a restricted namespace requires. */
export const NOT_ROOT = { runAsNonRoot: true, runAsUser: 1000, runAsGroup: 3000, fsGroup: 2000 };

export interface ClaimOptions {
  readonly name: string;
  readonly namespace: string;
  readonly className: string;
  readonly accessMode?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

export function claim({ name, namespace, className, accessMode = "ReadWriteMany", annotations = {} }: ClaimOptions) {
  return {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name, namespace, annotations },
    spec: { storageClassName: className, accessModes: [accessMode], resources: { requests: { storage: "1Gi" } } },
  };
}

/** Waits until the pod's container runs, which needs its volumes mounted; otherwise rejects with the namespace's events. */
export async function running({ plane, kubelet }: Stage, namespace: string, name: string): Promise<void> {
  const wait = ["wait", "--for=condition=Ready", `pod/${name}`, `--namespace=${namespace}`, "--timeout=60s"];
  try {
    await plane.kubectl(wait);
  } catch (error) {
    await kubelet.checkAlive();
    const events = [
      "get",
      "events",
      `--namespace=${namespace}`,
      "-o",
      "custom-columns=:.involvedObject.name,:.message",
    ];
    throw new Error(`pod ${name} does not run\n${await plane.kubectl(events)}`, { cause: error });
  }
}

/** Runs a shell command in the pod and answers its standard output; rejects with its standard error when it fails. */
export async function shell({ runtime }: Stage, namespace: string, name: string, script: string): Promise<string> {
  const { exitCode, stdout, stderr } = await runtime.exec(namespace, name, ["sh", "-c", script]);
  if (exitCode !== 0) throw new Error(`${namespace}/${name}: exit code ${exitCode}: ${stderr}`);
  return stdout;
}

/**
 * What the event of a refused mount says: Azure's own code under the tests' node plugin. The text of blobfuse2 differs between
 * versions, some of which write the code only to their log.
 */
export function refusedMount({ plugin }: Stage, code: RegExp): RegExp {
  return plugin.program === undefined ? code : /Mount failed with error/;
}

/** Deletes a pod and waits until it is gone, with its mounts. */
export async function remove({ plane }: Stage, namespace: string, ...names: readonly string[]): Promise<void> {
  await plane.kubectl(["delete", "pod", ...names, `--namespace=${namespace}`, "--wait", "--timeout=60s"]);
}
