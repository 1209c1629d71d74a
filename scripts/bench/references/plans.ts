// The requests of one volume by the kinds in which the stand-in counts them, as bare as they can be.
import { createHash } from "node:crypto";

export interface BareRequest {
  readonly method: "GET" | "PUT";
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

const SUBSCRIPTION = "/subscriptions/22222222-2222-4222-8222-222222222222";
const ACCOUNT = `${SUBSCRIPTION}/resourceGroups/rg-bench/providers/Microsoft.Storage/storageAccounts/bare`;
const JSON_BODY = { "content-type": "application/json" };

/** By kind. The metadata and the description are as long as the product's. */
const REQUESTS: Readonly<Record<string, (name: string) => BareRequest>> = {
  "GET containers": (name) => ({ method: "GET", path: `${containerPath(name)}?api-version=2025-08-01` }),
  "PUT containers": (name) => ({
    method: "PUT",
    path: `${containerPath(name)}?api-version=2025-08-01`,
    headers: JSON_BODY,
    body: JSON.stringify({ properties: { metadata: metadataOf(name) } }),
  }),
  "GET roleAssignments": (name) => ({ method: "GET", path: assignmentPath(name) }),
  "PUT roleAssignments": (name) => ({
    method: "PUT",
    path: assignmentPath(name),
    headers: JSON_BODY,
    body: JSON.stringify({ properties: assignmentOf(name) }),
  }),
  "PUT blob container": (name) => {
    const metadata = Object.entries(metadataOf(name)).map(([key, value]) => [`x-ms-meta-${key}`, value]);
    const headers = { "x-ms-version": "2025-07-05", ...Object.fromEntries(metadata) };
    return { method: "PUT", path: `/bare/${name}?restype=container`, headers };
  },
  "GET k8s persistentvolumeclaims": (name) => ({
    method: "GET",
    path: `/api/v1/namespaces/bench/persistentvolumeclaims/claim-${name.slice(4)}`,
  }),
  "GET k8s storageclasses": () => ({ method: "GET", path: "/apis/storage.k8s.io/v1/storageclasses/bench" }),
  "GET k8s namespaces": () => ({ method: "GET", path: "/api/v1/namespaces/bench" }),
};

/** The requests of these kinds for one volume. Throws for a kind that has none. */
export function requestsFor(kinds: readonly string[], name: string): readonly BareRequest[] {
  return kinds.map((kind) => {
    const create = REQUESTS[kind];
    if (create === undefined) throw new Error(`no bare request for "${kind}": add one to plans.ts`);
    return create(name);
  });
}

/** Each kind as often as it was counted for one volume; what was counted for fewer than half of the volumes is left out. */
export function planFrom(kinds: Readonly<Record<string, number>>, volumes: number): readonly string[] {
  return Object.entries(kinds).flatMap(([kind, count]) =>
    Array.from({ length: Math.round(count / volumes) }, () => kind),
  );
}

function containerPath(name: string): string {
  return `${ACCOUNT}/blobServices/default/containers/${name}`;
}

function assignmentPath(name: string): string {
  const id = uuid(name);
  return `${containerPath(name)}/providers/Microsoft.Authorization/roleAssignments/${id}?api-version=2022-04-01`;
}

/** The properties of a role assignment as long as the product's. */
export function assignmentOf(name: string) {
  return {
    roleDefinitionId: `${SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/${uuid("role")}`,
    principalId: "55555555-5555-4555-8555-555555555555",
    principalType: "ServicePrincipal",
    description: `keyless-csi v1 cluster=bench volume=${name} claim=bench/claim-${name.slice(4)}`,
  };
}

/** The metadata of a container as long as the product's. */
export function metadataOf(name: string): Readonly<Record<string, string>> {
  return {
    keyless_format: "1",
    keyless_cluster: "bench",
    keyless_volume: name,
    keyless_size_bytes: "1073741824",
    keyless_pvc_namespace: "bench",
    keyless_pvc_name: `claim-${name.slice(4)}`,
    keyless_request: uuid(name).replaceAll("-", ""),
    keyless_principals: "55555555-5555-4555-8555-555555555555",
  };
}

/** The same UUID for the same text. */
export function uuid(text: string): string {
  const hex = createHash("sha256").update(text).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
