/**
 * Takes the place of pod and node plugin: a ServiceAccount token is exchanged at Entra and opens a container with the
 * ordinary Azure SDK. All that it knows of the volume is the volume context.
 */
import { text as textOf } from "node:stream/consumers";
import { ClientAssertionCredential } from "@azure/identity";
import { ContainerClient, StorageSharedKeyCredential } from "@azure/storage-blob";

/** Whose token, and where to exchange it. */
export interface WorkloadIdentity {
  readonly clientId: string;
  readonly tenantId: string;
  readonly authorityHost: string;
  /** A fresh ServiceAccount token, as the kubelet projects it into a pod. */
  readonly serviceAccountToken: () => Promise<string>;
}

/** How an attempt ended: the HTTP status and Azure's error code, if it was refused. */
export interface Attempt {
  readonly status: number;
  readonly code?: string;
  /** What was read. */
  readonly text?: string;
}

/** No retries: a refused attempt is what the demo shows. */
const OPTIONS = { retryOptions: { maxTries: 1 } };

export function containerFor(url: string, workload: WorkloadIdentity): ContainerClient {
  const { tenantId, clientId, serviceAccountToken, authorityHost } = workload;
  const credential = new ClientAssertionCredential(tenantId, clientId, serviceAccountToken, {
    authorityHost,
    disableInstanceDiscovery: true,
  });
  return new ContainerClient(url, credential, OPTIONS);
}

/** With a well-formed key: the account refuses every key before checking which one it is. */
export function containerByKey(url: string, account: string): ContainerClient {
  const key = Buffer.alloc(64, 7).toString("base64");
  return new ContainerClient(url, new StorageSharedKeyCredential(account, key), OPTIONS);
}

export function write(container: ContainerClient, blob: string, text: string): Promise<Attempt> {
  return attempt(async () => {
    const { _response } = await container.getBlockBlobClient(blob).upload(text, Buffer.byteLength(text));
    return { status: _response.status };
  });
}

export function read(container: ContainerClient, blob: string): Promise<Attempt> {
  return attempt(async () => {
    const { readableStreamBody, _response } = await container.getBlobClient(blob).download();
    const text = readableStreamBody === undefined ? "" : await textOf(readableStreamBody);
    return { status: _response.status, text };
  });
}

/** The files of the container's top folder, by the same list call as `ls` in a mount. */
export async function listFolder(container: ContainerClient): Promise<string[]> {
  const names: string[] = [];
  for await (const item of container.listBlobsByHierarchy("/")) if (item.kind === "blob") names.push(item.name);
  return names;
}

async function attempt(work: () => Promise<Attempt>): Promise<Attempt> {
  try {
    return await work();
  } catch (error) {
    const { statusCode, code } = error as { statusCode?: number; code?: string };
    if (statusCode === undefined) throw error;
    return { status: statusCode, ...(code !== undefined && { code }) };
  }
}
