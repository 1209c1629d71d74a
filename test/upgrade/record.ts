// Records what a version of this project leaves in Azure and in the cluster, as the input of taken-over.test.ts. Run in a
// checkout of that version, with this file copied into its test/upgrade:
//   git worktree add /tmp/v0.1.0 v0.1.0 && cd /tmp/v0.1.0 && npm ci && mkdir test/upgrade
//   cp .../test/upgrade/record.ts test/upgrade && npx node test/upgrade/record.ts > v0.1.0.json
import { create, type EmulatedApp, startEmulatedApp } from "../support/emulated-app.ts";
import { administratorToken, send } from "../support/emulator-client.ts";
import { createFakeCluster, type FakeCluster } from "../support/fake-cluster.ts";

const NAMESPACE_UID = "6f0f2c1e-4b1d-4f1c-9a3e-0d5f6b7c8d01";
const MODES: readonly Record<string, string>[] = [
  { isolation: "pool" },
  { isolation: "pool", poolSize: "3", softDeleteBlobs: "7" },
  { isolation: "namespace" },
  { isolation: "namespace", grantScope: "account" },
  { isolation: "volume" },
  { isolation: "volume", grantScope: "account" },
];

let cluster: FakeCluster | undefined;
const app = await startEmulatedApp([], {
  clusterFor: (emulator) => {
    cluster = createFakeCluster(emulator.issuer.issuer);
    cluster.namespaces.set("team", NAMESPACE_UID);
    return cluster;
  },
});
try {
  const volumes = [];
  for (const [index, mode] of MODES.flatMap((mode) => [mode, mode]).entries()) {
    const uid = `5a1e0000-0000-4000-8000-${String(index).padStart(12, "0")}`;
    const claim = { namespace: "team", name: `data-${index}` };
    cluster?.claims.set(`${claim.namespace}/${claim.name}`, { uid, isBoundLate: false });
    const request = {
      name: `pvc-${uid}`,
      capacity_range: { required_bytes: String(2 ** 30) },
      volume_capabilities: [{ mount: {}, access_mode: { mode: "SINGLE_NODE_WRITER" as const } }],
      parameters: {
        clientID: app.emulator.info.identities[index % 2]?.clientId ?? "",
        ...mode,
        "csi.storage.k8s.io/pvc/name": claim.name,
        "csi.storage.k8s.io/pvc/namespace": claim.namespace,
      },
    };
    const { volume_id: id, volume_context: context } = await create(app, request);
    volumes.push({ claim: { ...claim, uid }, request, id, context });
  }
  const text = JSON.stringify({ namespaceUid: NAMESPACE_UID, volumes, ...(await readAzure(app)) }, undefined, 2);
  process.stdout.write(`${text}\n`);
} finally {
  await app.stop();
}

/** As ARM shows it to an administrator, without what only Azure sets. */
async function readAzure({ emulator }: EmulatedApp) {
  const authorization = `Bearer ${await administratorToken(emulator)}`;
  const group = `/subscriptions/${emulator.info.subscriptionId}/resourceGroups/${emulator.info.resourceGroup}`;
  const list = async (path: string, apiVersion: string) => {
    const answer = await send(emulator, `${path}?api-version=${apiVersion}`, { headers: { authorization } });
    return answer.json<{ value: Resource[] }>().value;
  };
  const storage = "/providers/Microsoft.Storage/storageAccounts";
  const accounts = (await list(`${group}${storage}`, "2025-06-01")).map(toAccount);
  const containers = [];
  for (const { id } of accounts) {
    const listed = await list(`${id}/blobServices/default/containers`, "2025-06-01");
    containers.push(...listed.map(({ id, properties: { metadata } }) => ({ id, metadata })));
  }
  const assignments = await list(`${group}/providers/Microsoft.Authorization/roleAssignments`, "2022-04-01");
  const ofAccounts = assignments.filter(({ properties: { scope } }) => String(scope).includes(storage));
  return { accounts, containers, roleAssignments: ofAccounts.map(toRoleAssignment) };
}

interface Resource {
  readonly id: string;
  readonly [member: string]: unknown;
  readonly properties: Readonly<Record<string, unknown>>;
}

function toAccount({ id, location, kind, sku, tags, properties }: Resource) {
  const { name } = sku as { name: string };
  const fields = ["allowSharedKeyAccess", "allowBlobPublicAccess", "isLocalUserEnabled", "supportsHttpsTrafficOnly"];
  const sent = Object.fromEntries(Object.entries(properties).filter(([field]) => fields.includes(field)));
  return { id, location, kind, sku: { name }, tags, properties: sent };
}

function toRoleAssignment({ id, properties }: Resource) {
  const { principalId, principalType, roleDefinitionId, description } = properties;
  return { id, properties: { principalId, principalType, roleDefinitionId, description } };
}
