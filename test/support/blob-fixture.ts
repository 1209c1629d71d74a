// What the tests of Blob start from: an emulator with one keyless account, an identity with every right on its blobs, and one
// with none. Tokens come from the emulator's own Entra, as a workload would get them.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import https from "node:https";
import { Readable } from "node:stream";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { BlobServiceClient, type ContainerClient } from "@azure/storage-blob";
import { type Emulator, type EmulatorOptions, startEmulator } from "../../src/emulator/emulator.ts";
import type { StorageAccount } from "../../src/emulator/world.ts";

export const ROLES = {
  contributor: "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
  owner: "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
  reader: "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
  /** Owner of ARM resources: every action, no data action. */
  armOwner: "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
} as const;

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
  readonly text: string;
  /** `<Code>` of an XML error, else the header `x-ms-error-code`. */
  readonly code: string | undefined;
}

export interface RawRequest {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer | Readable;
  /** Default: the token of workload-a. Null sends none. */
  readonly token?: string | null;
  /** Default: the fixture's own, `keylessacct`. */
  readonly account?: string;
  /** Called when the server asks for the body, which is then sent: for `expect: 100-continue`. */
  readonly onContinue?: () => void;
}

export interface BlobFixture {
  readonly emulator: Emulator;
  readonly account: StorageAccount;
  /** `https://127.0.0.1:PORT/<account>`. */
  readonly url: string;
  readonly tokens: { readonly a: string; readonly b: string };
  addAccount(name: string, properties?: Record<string, unknown>): StorageAccount;
  grant(who: "a" | "b", role: string, scope: string): void;
  /** An access token for workload-a or -b. */
  tokenFor(who: "a" | "b", resource?: string): Promise<string>;
  service(who?: "a" | "b"): BlobServiceClient;
  /** A new container, through the SDK. */
  newContainer(): Promise<ContainerClient>;
  /** One raw request; the path begins with the container. x-ms-version is added unless the headers set it. */
  send(method: string, path: string, request?: RawRequest): Promise<RawAnswer>;
  close(): Promise<void>;
}

export const VERSION = "2025-11-05";

export async function startBlobFixture(options: EmulatorOptions = {}): Promise<BlobFixture> {
  const emulator = await startEmulator(options);
  setDefaultCACertificates([...getCACertificates("default"), emulator.ca]);
  const { info } = emulator;
  const group = `/subscriptions/${info.subscriptionId}/resourceGroups/${info.resourceGroup}`;
  const agent = new https.Agent({ keepAlive: true, ca: emulator.ca });
  const principals = { a: info.identities[0], b: info.identities[1] };

  const addAccount = (name: string, properties: Record<string, unknown> = {}): StorageAccount => {
    const account: StorageAccount = {
      id: `${group}/providers/Microsoft.Storage/storageAccounts/${name}`,
      name,
      subscriptionId: info.subscriptionId,
      resourceGroup: info.resourceGroup,
      location: info.location,
      kind: "StorageV2",
      sku: { name: "Standard_LRS", tier: "Standard" },
      tags: {},
      properties: { allowSharedKeyAccess: false, allowBlobPublicAccess: false, ...properties },
      blobService: {},
      createdAt: emulator.clock.now(),
      readyAt: emulator.clock.now(),
    };
    emulator.world.accounts.set(name, account);
    return account;
  };

  const grant = (who: "a" | "b", role: string, scope: string): void => {
    const name = randomUUID();
    emulator.world.roleAssignments.set(name, {
      name,
      scope,
      roleDefinitionName: role,
      principalId: principals[who]?.principalId ?? "",
      principalType: "ServicePrincipal",
      tenantId: info.tenantId,
      createdAt: 0,
      effectiveFrom: 0,
    });
  };

  const tokenFor = async (who: "a" | "b", resource = "https://storage.azure.com"): Promise<string> => {
    const assertion = await emulator.issuer.mint({ namespace: "demo", name: principals[who]?.name ?? "" });
    const form = new URLSearchParams({
      grant_type: "client_credentials",
      client_id: principals[who]?.clientId ?? "",
      scope: `${resource}/.default`,
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      client_assertion: assertion,
    });
    const url = `${info.authorityHost.replace(/\/$/, "")}/${info.tenantId}/oauth2/v2.0/token`;
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const answer = await request(new URL(url), "POST", { headers, body: form.toString() }, agent);
    assert.equal(answer.status, 200, answer.text);
    return (JSON.parse(answer.text) as { access_token: string }).access_token;
  };

  const account = addAccount("keylessacct");
  grant("a", ROLES.contributor, account.id);
  const tokens = { a: await tokenFor("a"), b: await tokenFor("b") };
  const url = `${info.blobEndpoint.replace(/\/$/, "")}/${account.name}`;
  const service = (who: "a" | "b" = "a"): BlobServiceClient =>
    new BlobServiceClient(
      url,
      { getToken: async () => ({ token: tokens[who], expiresOnTimestamp: Date.now() + 3_000_000 }) },
      { retryOptions: { maxTries: 1 } },
    );
  return {
    emulator,
    account,
    url,
    tokens,
    addAccount,
    grant,
    tokenFor,
    service,
    async newContainer() {
      const container = service().getContainerClient(`c-${randomUUID()}`);
      await container.create();
      return container;
    },
    send(method, path, raw = {}) {
      const { token = tokens.a, headers = {}, account: to = account.name } = raw;
      const authorization = token === null ? {} : { authorization: `Bearer ${token}` };
      const all = { "x-ms-version": VERSION, ...authorization, ...headers };
      return request(new URL(`/${to}${path}`, url), method, { ...raw, headers: all }, agent);
    },
    async close() {
      agent.destroy();
      await emulator.close();
    },
  };
}

function request(url: URL, method: string, raw: RawRequest, agent: https.Agent): Promise<RawAnswer> {
  const { headers = {}, body } = raw;
  const length =
    body instanceof Readable || method === "GET" || method === "HEAD" || "content-length" in headers
      ? {}
      : { "content-length": String(Buffer.byteLength(body ?? "")) };
  return new Promise((resolve, reject) => {
    const outgoing = https.request(url, { method, agent, headers: { ...length, ...headers } }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("error", reject);
      incoming.on("end", () => {
        const content = Buffer.concat(chunks);
        const text = content.toString("utf8");
        const sent = incoming.headers as Record<string, string | undefined>;
        const code = /<Code>([^<]*)<\/Code>/.exec(text)?.[1] ?? sent["x-ms-error-code"];
        resolve({ status: incoming.statusCode ?? 0, headers: sent, body: content, text, code });
      });
    });
    outgoing.on("error", reject);
    const sendBody = () => (body instanceof Readable ? body.pipe(outgoing) : outgoing.end(body));
    if (raw.onContinue === undefined) sendBody();
    else
      outgoing.once("continue", () => {
        raw.onContinue?.();
        sendBody();
      });
    if (raw.onContinue !== undefined) outgoing.flushHeaders();
  });
}
