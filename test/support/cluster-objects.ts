// Kubernetes objects that the cluster tests apply and read back.
import type { ControlPlane } from "./control-plane.ts";

/** A PersistentVolume, as far as the tests look at it. */
export interface Volume {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly csi: { readonly driver: string; readonly volumeHandle: string; volumeAttributes: Record<string, string> };
    readonly accessModes: string[];
    readonly capacity: { readonly storage: string };
    readonly persistentVolumeReclaimPolicy: string;
  };
}

export interface ClaimOptions {
  readonly namespace?: string;
  readonly annotations?: Record<string, string>;
  readonly volumeName?: string;
  readonly accessMode?: string;
}

/** A claim of 5 GiB, ReadWriteMany unless another mode is asked for. */
export function claim(name: string, storageClassName: string, options: ClaimOptions = {}): string {
  const { namespace = "default", annotations = {}, volumeName, accessMode = "ReadWriteMany" } = options;
  return JSON.stringify({
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name, namespace, annotations },
    spec: {
      accessModes: [accessMode],
      storageClassName,
      resources: { requests: { storage: "5Gi" } },
      ...(volumeName !== undefined && { volumeName }),
    },
  });
}

export function namespace(name: string): string {
  return JSON.stringify({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
}

/** A ServiceAccount that names an identity by Azure Workload Identity's annotation. */
export function serviceAccount(name: string, inNamespace: string, clientId: string): string {
  const annotations = { "azure.workload.identity/client-id": clientId };
  return JSON.stringify({
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name, namespace: inNamespace, annotations },
  });
}

/** A pod with one volume; nothing runs it, since there is no scheduler. */
export function pod(name: string, inNamespace: string, serviceAccountName: string, volume: object): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: inNamespace },
    spec: {
      serviceAccountName,
      containers: [{ name: "app", image: "none", volumeMounts: [{ name: "data", mountPath: "/data" }] }],
      volumes: [{ name: "data", ...volume }],
    },
  });
}

export async function volumeOf(plane: ControlPlane, claimName: string, inNamespace = "default"): Promise<Volume> {
  const ask = ["get", "pvc", claimName, "--namespace", inNamespace, "-o", "jsonpath={.spec.volumeName}"];
  return JSON.parse(await plane.kubectl(["get", "pv", await plane.kubectl(ask), "-o", "json"])) as Volume;
}

/** Waits until the claim is Bound and answers its volume. */
export async function boundVolume(plane: ControlPlane, claimName: string, inNamespace = "default"): Promise<Volume> {
  const wait = ["wait", "--for=jsonpath={.status.phase}=Bound", "--timeout=60s", "--namespace", inNamespace];
  await plane.kubectl([...wait, `pvc/${claimName}`]);
  return volumeOf(plane, claimName, inNamespace);
}

/** The message of an object's event of this reason; throws while there is none. */
export async function eventOf(
  plane: ControlPlane,
  name: string,
  reason: string,
  inNamespace = "default",
): Promise<string> {
  const selector = `involvedObject.name=${name},reason=${reason}`;
  const text = await plane.kubectl([
    "get",
    "events",
    "--namespace",
    inNamespace,
    "--field-selector",
    selector,
    "-o",
    "json",
  ]);
  const { items } = JSON.parse(text) as { items: { message: string }[] };
  const [event] = items;
  if (!event) throw new Error(`no event ${reason} on ${inNamespace}/${name}`);
  return event.message;
}
