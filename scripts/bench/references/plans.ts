// Which requests a warm CreateVolume needs, by how the product is configured.
import { createHash } from "node:crypto";

/** `arm`: container and role assignment through ARM. `blob`: one create-only call, the account's assignment exists. */
export type Plan = "arm" | "blob";

export interface BareRequest {
  readonly method: "GET" | "PUT";
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly expected: number;
}

const SUBSCRIPTION = "/subscriptions/22222222-2222-4222-8222-222222222222";
const ACCOUNT = `${SUBSCRIPTION}/resourceGroups/rg-bench/providers/Microsoft.Storage/storageAccounts/bare`;
const JSON_BODY = { "content-type": "application/json" };

/** In their order. The metadata and the description are as long as the product's. */
export function requestsFor(plan: Plan, name: string): readonly BareRequest[] {
  const metadata = metadataOf(name);
  if (plan === "blob") {
    const sent = Object.fromEntries(Object.entries(metadata).map(([key, value]) => [`x-ms-meta-${key}`, value]));
    const headers = { "x-ms-version": "2025-07-05", "content-length": "0", ...sent };
    return [{ method: "PUT", path: `/bare/${name}?restype=container`, headers, expected: 201 }];
  }
  const container = `${ACCOUNT}/blobServices/default/containers/${name}`;
  const at = `${container}?api-version=2025-08-01`;
  const assignment = `${container}/providers/Microsoft.Authorization/roleAssignments/${uuid(name)}?api-version=2022-04-01`;
  const properties = {
    roleDefinitionId: `${SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/${uuid("role")}`,
    principalId: "55555555-5555-4555-8555-555555555555",
    principalType: "ServicePrincipal",
    description: `keyless-csi v1 cluster=bench volume=${name} claim=bench/claim-${name.slice(4)}`,
  };
  return [
    { method: "GET", path: at, expected: 404 },
    { method: "PUT", path: at, headers: JSON_BODY, body: JSON.stringify({ properties: { metadata } }), expected: 201 },
    { method: "PUT", path: assignment, headers: JSON_BODY, body: JSON.stringify({ properties }), expected: 201 },
  ];
}

function metadataOf(name: string): Readonly<Record<string, string>> {
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

function uuid(text: string): string {
  const hex = createHash("sha256").update(text).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
