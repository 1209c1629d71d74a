// Bulk transfers through the Azure SDK for JavaScript: bulk.ts CONFIG. One GiB up and down as streams, and thousands of
// blobs in pages. Knows nothing of the emulator. Answers each line of standard input, `STEP [NUMBER]`, with a line of
// JSON.
import { createHash, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { AuthorizationManagementClient } from "@azure/arm-authorization";
import { StorageManagementClient } from "@azure/arm-storage";
import { ClientSecretCredential, WorkloadIdentityCredential } from "@azure/identity";
import { ContainerClient } from "@azure/storage-blob";
import type { ClientConfig } from "../client-config.ts";

const MIB = 1024 * 1024;
const AT_ONCE = 16;
const CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe";

const config = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as ClientConfig;
const { tenantId, subscriptionId, resourceGroup, location, account, container, workload } = config;
const client = new ContainerClient(
  `https://${account}.blob.core.windows.net/${container}`,
  new WorkloadIdentityCredential({ tenantId, clientId: workload.clientId, tokenFilePath: workload.tokenFile }),
);

const steps: Readonly<Record<string, (amount: number) => Promise<unknown>>> = {
  async prepare() {
    const { clientId, clientSecret } = config.administrator;
    const administrator = new ClientSecretCredential(tenantId, clientId, clientSecret);
    const storage = new StorageManagementClient(administrator, subscriptionId);
    const sku = { name: "Standard_LRS" };
    const keyless = { location, kind: "StorageV2", sku, allowSharedKeyAccess: false } as const;
    await storage.storageAccounts.create(resourceGroup, account, keyless);
    const { id = "" } = await storage.blobContainers.create(resourceGroup, account, container, {});
    const { roleAssignments } = new AuthorizationManagementClient(administrator, subscriptionId);
    await roleAssignments.create(id.slice(1), randomUUID(), {
      roleDefinitionId: `/subscriptions/${subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${CONTRIBUTOR}`,
      principalId: workload.principalId,
      principalType: "ServicePrincipal",
    });
  },

  /** Uploads so many MiB as one stream, in blocks. */
  async upload(mib) {
    const hash = createHash("sha256");
    await client
      .getBlockBlobClient("much")
      .uploadStream(Readable.from(content(mib, hash.update.bind(hash))), 8 * MIB, 4);
    return { sha256: hash.digest("hex") };
  },

  async download() {
    const { readableStreamBody, contentLength } = await client.getBlobClient("much").download();
    if (readableStreamBody === undefined) throw new Error("no body");
    const hash = createHash("sha256");
    await pipeline(readableStreamBody, hash);
    return { sha256: hash.digest("hex"), bytes: contentLength };
  },

  /** Makes so many blobs whose names are in order. */
  async fill(count) {
    let next = 0;
    const work = async () => {
      for (let index = next++; index < count; index = next++) {
        await client.uploadBlockBlob(`many/${String(index).padStart(6, "0")}`, "x", 1);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  },

  /** Lists them in pages of so many; 0 leaves the size to the service. */
  async list(pageSize) {
    const pages = client.listBlobsFlat({ prefix: "many/" }).byPage(pageSize === 0 ? {} : { maxPageSize: pageSize });
    const names: string[] = [];
    const sizes: number[] = [];
    for await (const { segment } of pages) {
      sizes.push(segment.blobItems.length);
      names.push(...segment.blobItems.map(({ name }) => name));
    }
    const isOrdered = names.every((name, index) => index === 0 || (names[index - 1] ?? "") < name);
    return { sizes, distinct: new Set(names).size, first: names.at(0), last: names.at(-1), isOrdered };
  },
};

/** Chunks of 1 MiB, each with its number in it, so that a block at the wrong place changes the digest. */
function* content(mib: number, onChunk: (chunk: Buffer) => void): Generator<Buffer> {
  for (let index = 0; index < mib; index += 1) {
    const chunk = Buffer.alloc(MIB, index % 251);
    chunk.writeUInt32LE(index, 0);
    onChunk(chunk);
    yield chunk;
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const [step = "", amount = "0"] = line.split(" ");
  const answer = await (steps[step]?.(Number(amount)) ?? Promise.reject(new Error(`no such step: ${step}`))).then(
    (seen) => ({ seen: seen ?? null }),
    (error: Error) => ({ fault: error.stack }),
  );
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
