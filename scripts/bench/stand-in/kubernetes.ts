// A stand-in for the API server that answers what the controller asks for a volume: each claim exists, is of the same class,
// and has the UID in its own name. It keeps nothing, so 10,000 claims cost it nothing.
import { type Answer, type Asked, json } from "./answer.ts";
import { WORKLOAD_CLIENT } from "./azure.ts";
import { segmentsOf } from "./calls.ts";

const UID = "66666666-6666-4666-8666-666666666666";
export const AUDIENCE = "api://AzureADTokenExchange";

const CLASS = {
  apiVersion: "storage.k8s.io/v1",
  kind: "StorageClass",
  metadata: { name: "bench", uid: UID },
  provisioner: "keyless.blob.csi",
  volumeBindingMode: "Immediate",
  parameters: {},
};

const DRIVER = {
  apiVersion: "storage.k8s.io/v1",
  kind: "CSIDriver",
  metadata: { name: "keyless.blob.csi", uid: UID },
  spec: {
    attachRequired: false,
    podInfoOnMount: true,
    requiresRepublish: true,
    volumeLifecycleModes: ["Persistent"],
    tokenRequests: [{ audience: AUDIENCE, expirationSeconds: 3600 }],
  },
};

/** The kind to count a request as, and its answer. */
export function answerKubernetes(asked: Asked): { readonly kind: string; readonly answer: Answer } {
  const path = segmentsOf(asked.path);
  const namespaced = path.indexOf("namespaces");
  const type = (namespaced === -1 ? path[path.indexOf("v1") + 1] : (path[namespaced + 2] ?? "namespaces")) ?? "";
  const name = path.at(-1) === type ? undefined : path.at(-1);
  const kind = `${asked.method === "GET" && name === undefined ? "LIST" : asked.method} k8s ${type}`;
  return { kind, answer: objectOf(asked, type, name) };
}

function objectOf({ method, body }: Asked, type: string, name: string | undefined): Answer {
  if (method === "POST") return { status: 201, body };
  if (name === undefined) return json(200, { kind: "List", apiVersion: "v1", metadata: {}, items: [] });
  if (type === "persistentvolumeclaims") return { status: 200, body: claim(name) };
  if (type === "storageclasses") return json(200, CLASS);
  if (type === "csidrivers") return json(200, DRIVER);
  if (type === "namespaces") return json(200, { apiVersion: "v1", kind: "Namespace", metadata: { name, uid: UID } });
  if (type === "serviceaccounts") return json(200, serviceAccount(name));
  return json(404, {
    kind: "Status",
    apiVersion: "v1",
    status: "Failure",
    reason: "NotFound",
    code: 404,
    message: name,
  });
}

/** Name `claim-<uid>`: the volume of it is `pvc-<uid>`. As large as a claim that kubectl applied. */
function claim(name: string): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: {
      name,
      namespace: "bench",
      uid: name.slice("claim-".length),
      resourceVersion: "1000",
      creationTimestamp: "2025-01-01T00:00:00Z",
      annotations: { "volume.kubernetes.io/storage-provisioner": "keyless.blob.csi" },
      finalizers: ["kubernetes.io/pvc-protection"],
      managedFields: [
        { manager: "kubectl", operation: "Update", apiVersion: "v1", fieldsType: "FieldsV1", fieldsV1: {} },
      ],
    },
    spec: {
      accessModes: ["ReadWriteMany"],
      resources: { requests: { storage: "1Gi" } },
      storageClassName: "bench",
      volumeMode: "Filesystem",
    },
    status: { phase: "Pending" },
  });
}

function serviceAccount(name: string) {
  const annotations = { "azure.workload.identity/client-id": WORKLOAD_CLIENT };
  return { apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace: "bench", uid: UID, annotations } };
}
