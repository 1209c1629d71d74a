// The Azure SDKs for JavaScript as their users run them: client.ts CONFIG. Knows nothing of the emulator: no endpoint,
// cloud or authority is set. Reads a step's name from each line of standard input and answers each with a line of
// JSON: {"seen"}, {"status", "code"} of a refusal, or {"fault"}.
import { createHash, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { AuthorizationManagementClient } from "@azure/arm-authorization";
import { ManagedServiceIdentityClient } from "@azure/arm-msi";
import { StorageManagementClient } from "@azure/arm-storage";
import {
  ClientSecretCredential,
  ManagedIdentityCredential,
  type TokenCredential,
  WorkloadIdentityCredential,
} from "@azure/identity";
import { BlobServiceClient, type ContainerClient, StorageSharedKeyCredential } from "@azure/storage-blob";
import type { ClientConfig } from "../client-config.ts";

const MIB = 1024 * 1024;
const CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe";
const MADE_UP_KEY = Buffer.from(Array.from({ length: 64 }, (_, index) => index)).toString("base64");

const config = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as ClientConfig;
const { tenantId, subscriptionId, resourceGroup, account, container } = config;

const { clientId, clientSecret } = config.administrator;
const administrator = new ClientSecretCredential(tenantId, clientId, clientSecret);
const workload = new WorkloadIdentityCredential({
  tenantId,
  clientId: config.workload.clientId,
  tokenFilePath: config.workload.tokenFile,
});
const machine = new ManagedIdentityCredential({ clientId: config.machine.clientId });

const storage = new StorageManagementClient(administrator, subscriptionId);
const authorization = new AuthorizationManagementClient(administrator, subscriptionId);
const identities = new ManagedServiceIdentityClient(administrator, subscriptionId);

const containerScope = `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/Microsoft.Storage/storageAccounts/${account}/blobServices/default/containers/${container}`;
const assignmentName = randomUUID();
const pattern = Buffer.from(Array.from({ length: 251 }, (_, index) => index));
const big = Buffer.concat([...Array.from({ length: Math.floor((9 * MIB) / 251) }, () => pattern), Buffer.from("end")]);

function containerAs(credential: TokenCredential | StorageSharedKeyCredential): ContainerClient {
  return new BlobServiceClient(`https://${account}.blob.core.windows.net`, credential).getContainerClient(container);
}

/** Tenant and principal that a token is for. */
async function claimsOf(credential: TokenCredential, scope: string) {
  const payload = (await credential.getToken(scope))?.token.split(".")[1] ?? "";
  const { tid, oid } = JSON.parse(Buffer.from(payload, "base64url").toString()) as Record<string, string>;
  return { tenant: tid, principal: oid };
}

async function namesOf(items: AsyncIterable<{ readonly name?: string }>): Promise<(string | undefined)[]> {
  return (await Array.fromAsync(items)).map(({ name }) => name);
}

async function firstBlobAs(credential: TokenCredential | StorageSharedKeyCredential): Promise<void> {
  await containerAs(credential).listBlobsFlat().next();
}

const steps: Readonly<Record<string, () => Promise<unknown>>> = {
  sign_in: () => claimsOf(administrator, "https://management.azure.com/.default"),

  async find_principal() {
    const all = await Array.fromAsync(identities.userAssignedIdentities.listByResourceGroup(resourceGroup));
    return { principal: all.find((each) => each.clientId === config.workload.clientId)?.principalId };
  },

  async create_account() {
    const made = await storage.storageAccounts.create(resourceGroup, account, {
      location: config.location,
      kind: "StorageV2",
      sku: { name: "Standard_LRS" },
      allowSharedKeyAccess: false,
      allowBlobPublicAccess: false,
      minimumTlsVersion: "TLS1_2",
    });
    return { account: made.name, state: made.provisioningState, sharedKey: made.allowSharedKeyAccess };
  },

  async create_container() {
    const made = await storage.blobContainers.create(resourceGroup, account, container, {
      metadata: { made: "by-arm" },
    });
    const { metadata } = await storage.blobContainers.get(resourceGroup, account, container);
    return { container: made.name, metadata };
  },

  async upload_without_grant() {
    await containerAs(workload).uploadBlockBlob("early", "early", 5);
  },

  async assign_role() {
    const made = await authorization.roleAssignments.create(containerScope, assignmentName, {
      roleDefinitionId: `/subscriptions/${subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${CONTRIBUTOR}`,
      principalId: config.workload.principalId,
      principalType: "ServicePrincipal",
    });
    return { principal: made.principalId, scope: made.scope };
  },

  async upload() {
    const client = containerAs(workload);
    const hello = "hello, keyless";
    await client.uploadBlockBlob("hello.txt", hello, hello.length, {
      metadata: { note: "kept" },
      blobHTTPHeaders: { blobContentType: "text/plain" },
    });
    await client.uploadBlockBlob("folder/small", "small", 5);
    await client.getBlockBlobClient("folder/big").uploadStream(Readable.from([big]), 4 * MIB, 2);
    return { bytes: (await client.getBlobClient("folder/big").getProperties()).contentLength };
  },

  async upload_again() {
    await containerAs(workload).uploadBlockBlob("hello.txt", "other", 5, { conditions: { ifNoneMatch: "*" } });
  },

  async download() {
    const client = containerAs(workload);
    const whole = await client
      .getBlobClient("folder/big")
      .downloadToBuffer(0, undefined, { blockSize: 4 * MIB, concurrency: 2 });
    const part = await client.getBlobClient("hello.txt").download(7, 7);
    const properties = await client.getBlobClient("hello.txt").getProperties();
    return {
      sha256: createHash("sha256").update(whole).digest("hex"),
      part: part.readableStreamBody === undefined ? "" : await text(part.readableStreamBody),
      note: properties.metadata?.["note"],
      type: properties.contentType,
    };
  },

  async list_blobs() {
    const client = containerAs(workload);
    const pages = await Array.fromAsync(client.listBlobsFlat().byPage({ maxPageSize: 2 }), (page) =>
      page.segment.blobItems.map(({ name }) => name),
    );
    const walked = await Array.fromAsync(client.listBlobsByHierarchy("/"));
    const named = (kind: string) => walked.filter((each) => each.kind === kind).map(({ name }) => name);
    return { pages, prefixes: named("prefix"), top: named("blob") };
  },

  use_key: () => firstBlobAs(new StorageSharedKeyCredential(account, MADE_UP_KEY)),
  managed_identity: () => claimsOf(machine, "https://storage.azure.com/.default"),
  list_without_grant: () => firstBlobAs(machine),

  async list_resources() {
    const filter = `principalId eq '${config.workload.principalId}'`;
    return {
      accounts: await namesOf(storage.storageAccounts.listByResourceGroup(resourceGroup)),
      containers: await namesOf(storage.blobContainers.list(resourceGroup, account)),
      assignments: (await namesOf(authorization.roleAssignments.listForScope(containerScope, { filter }))).map(
        (name) => name === assignmentName,
      ),
    };
  },

  async delete_blobs() {
    const client = containerAs(workload);
    for await (const { name } of client.listBlobsFlat()) await client.deleteBlob(name);
    return { left: (await namesOf(client.listBlobsFlat())).length };
  },

  async remove_role() {
    await authorization.roleAssignments.delete(containerScope, assignmentName);
  },

  list_after_removal: () => firstBlobAs(workload),

  async delete_container() {
    await storage.blobContainers.delete(resourceGroup, account, container);
  },

  async delete_account() {
    await storage.storageAccounts.delete(resourceGroup, account);
    return { accounts: await namesOf(storage.storageAccounts.list()) };
  },
};

async function take(step: string): Promise<object> {
  try {
    return { seen: (await steps[step]?.()) ?? null };
  } catch (error) {
    const { statusCode, code, message, stack } = error as Error & { statusCode?: number; code?: string };
    return statusCode === undefined ? { fault: stack } : { status: statusCode, code, told: message };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await take(line.trim()))}\n`);
}
