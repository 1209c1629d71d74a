// A stand-in for the API server that answers what the controller asks for a volume: each claim exists, is of the same class,
// and has the UID in its own name. It keeps nothing, so 10,000 claims cost it nothing. It lists as many PersistentVolumes as it is
// asked to.
import { type Answer, type Asked, json } from "./answer.ts";
import { GROUP, SUBSCRIPTION, TENANT, WORKLOAD_CLIENT } from "./azure.ts";
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
export function answerKubernetes(
  asked: Asked,
  persistentVolumes = 0,
): { readonly kind: string; readonly answer: Answer } {
  const path = segmentsOf(asked.path);
  const namespaced = path.indexOf("namespaces");
  const type = (namespaced === -1 ? path[path.indexOf("v1") + 1] : (path[namespaced + 2] ?? "namespaces")) ?? "";
  const name = path.at(-1) === type ? undefined : path.at(-1);
  const kind = `${asked.method === "GET" && name === undefined ? "LIST" : asked.method} k8s ${type}`;
  const isVolumes = type === "persistentvolumes" && name === undefined;
  return { kind, answer: isVolumes ? listVolumes(asked, persistentVolumes) : objectOf(asked, type, name) };
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

/** A page from where `continue` says, of volumes in use that other claims have, as large as the product's. */
function listVolumes({ query }: Asked, total: number): Answer {
  const from = Number(query.get("continue") ?? 0);
  const until = Math.min(total, from + Number(query.get("limit") ?? total));
  const items = Array.from({ length: until - from }, (_, index) => persistentVolume(from + index));
  const metadata = until < total ? { resourceVersion: "1", continue: String(until) } : { resourceVersion: "1" };
  return {
    status: 200,
    body: `{"kind":"PersistentVolumeList","apiVersion":"v1","metadata":${JSON.stringify(metadata)},"items":[${items.join(",")}]}`,
  };
}

/** All but the number is made once: a list of 100,000 must not cost the stand-in more than the controller. */
function persistentVolume(number: number): string {
  return VOLUME.replaceAll("NUMBER", String(number).padStart(12, "0"));
}

const VOLUME = JSON.stringify({
  metadata: {
    name: "pvc-00000000-0000-4000-9000-NUMBER",
    uid: "00000000-0000-4000-9000-NUMBER",
    resourceVersion: "1000",
    creationTimestamp: "2025-01-01T00:00:00Z",
    annotations: { "pv.kubernetes.io/provisioned-by": "keyless.blob.csi" },
    finalizers: ["external-provisioner.volume.kubernetes.io/finalizer", "kubernetes.io/pv-protection"],
    managedFields: [
      { manager: "csi-provisioner", operation: "Update", apiVersion: "v1", fieldsType: "FieldsV1", fieldsV1: {} },
    ],
  },
  spec: {
    capacity: { storage: "1Gi" },
    csi: {
      driver: "keyless.blob.csi",
      volumeHandle: `${GROUP}#klaaaaaaaaaaaaaaaaaaaaaa#pvc-00000000-0000-4000-9000-NUMBER###${SUBSCRIPTION}`,
      volumeAttributes: {
        clientID: WORKLOAD_CLIENT,
        tenantID: TENANT,
        containerName: "pvc-00000000-0000-4000-9000-NUMBER",
        storageAccount: "klaaaaaaaaaaaaaaaaaaaaaa",
        resourceGroup: GROUP,
        mountWithWorkloadIdentityToken: "true",
        protocol: "fuse2",
      },
    },
    accessModes: ["ReadWriteMany"],
    claimRef: {
      kind: "PersistentVolumeClaim",
      namespace: "bench",
      name: "claim-NUMBER",
      uid: "00000000-0000-4000-9000-NUMBER",
      apiVersion: "v1",
    },
    persistentVolumeReclaimPolicy: "Delete",
    storageClassName: "bench",
    volumeMode: "Filesystem",
  },
  status: { phase: "Bound" },
});

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
