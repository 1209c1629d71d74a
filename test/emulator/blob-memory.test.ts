// The emulator keeps bodies on disk: 1 GiB goes up and comes down, whole and in blocks, through a process of its own
// that never holds 300 MiB. The process's peak is read from the kernel (VmHWM).
import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { Agent, request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileWrittenBy, type Program, startKeylessCsi } from "../support/processes.ts";

const MIB = 1024 * 1024;
const SIZE_MIB = 1024;
/** In blocks, which take the same way as a whole body: enough to see it. */
const BLOCKS_MIB = 256;
const LIMIT_MIB = 300;
const ROLE_CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe";

interface Ready {
  readonly armEndpoint: string;
  readonly authorityHost: string;
  readonly blobEndpoint: string;
  readonly caFile: string;
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly location: string;
  readonly administrator: { readonly clientId: string; readonly clientSecret: string };
}

describe("The emulator's memory", function () {
  this.timeout(180_000);
  let folder: string;
  let emulator: Program;
  let ready: Ready;
  let agent: Agent;
  let base: string;
  let token: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "blob-memory-"));
    const readyFile = join(folder, "ready.json");
    emulator = await startKeylessCsi(["emulator", "--ready-file", readyFile], { name: "emulator", logFolder: folder });
    ready = JSON.parse(await fileWrittenBy(emulator, readyFile)) as Ready;
    agent = new Agent({ keepAlive: true, ca: readFileSync(ready.caFile) });
    base = await makeContainer();
  });
  after(async () => {
    agent?.destroy();
    await emulator?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it(`${SIZE_MIB} MiB go up and down, whole and in blocks, with less than ${LIMIT_MIB} MiB resident`, async () => {
    await call("PUT", `${base}/whole`, Readable.from(content(SIZE_MIB)), {
      "x-ms-blob-type": "BlockBlob",
      "content-length": String(SIZE_MIB * MIB),
    });
    assert.equal(await digestOf(`${base}/whole`), expectedDigest(SIZE_MIB));

    const blockMib = BLOCKS_MIB / 4;
    const ids = ["1", "2", "3", "4"].map((name) => Buffer.from(name).toString("base64"));
    for (const [index, id] of ids.entries()) {
      const block = Readable.from(content(blockMib, index * blockMib));
      const length = { "content-length": String(blockMib * MIB) };
      await call("PUT", `${base}/blocks?comp=block&blockid=${encodeURIComponent(id)}`, block, length);
    }
    const list = `<BlockList>${ids.map((id) => `<Latest>${id}</Latest>`).join("")}</BlockList>`;
    await call("PUT", `${base}/blocks?comp=blocklist`, list);
    assert.equal(await digestOf(`${base}/blocks`), expectedDigest(BLOCKS_MIB));

    const status = readFileSync(`/proc/${emulator.id}/status`, "utf8");
    const peakMib = Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
    console.log(`      peak resident: ${Math.round(peakMib)} MiB`);
    assert.ok(peakMib < LIMIT_MIB, `the emulator held ${Math.round(peakMib)} MiB`);
  });

  /** Chunks of 1 MiB, each with its number in it, so that a block at the wrong place changes the digest. */
  function* content(mib: number, from = 0): Generator<Buffer> {
    for (let index = from; index < from + mib; index += 1) {
      const chunk = Buffer.alloc(MIB, index % 251);
      chunk.writeUInt32LE(index, 0);
      yield chunk;
    }
  }

  function expectedDigest(mib: number): string {
    const hash = createHash("sha256");
    for (const chunk of content(mib)) hash.update(chunk);
    return hash.digest("hex");
  }

  async function makeContainer(): Promise<string> {
    const arm = await signIn("https://management.azure.com");
    const authorization = { authorization: `Bearer ${arm}`, "content-type": "application/json" };
    const subscription = `/subscriptions/${ready.subscriptionId}`;
    const account = `klmemory${randomUUID().slice(0, 8)}`;
    const id = `${subscription}/resourceGroups/${ready.resourceGroup}/providers/Microsoft.Storage/storageAccounts/${account}`;
    const version = "?api-version=2025-06-01";
    const properties = { allowSharedKeyAccess: false };
    const body = { location: ready.location, kind: "StorageV2", sku: { name: "Standard_LRS" }, properties };
    await call("PUT", `${ready.armEndpoint}${id}${version}`, JSON.stringify(body), authorization);
    const principalId = JSON.parse(Buffer.from(arm.split(".")[1] ?? "", "base64url").toString()).oid as string;
    const role = `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${ROLE_CONTRIBUTOR}`;
    const grant = { properties: { roleDefinitionId: role, principalId, principalType: "ServicePrincipal" } };
    const assignment = `${id}/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}?api-version=2022-04-01`;
    await call("PUT", `${ready.armEndpoint}${assignment}`, JSON.stringify(grant), authorization);
    token = await signIn("https://storage.azure.com");
    const container = `${ready.blobEndpoint.replace(/\/$/, "")}/${account}/memory`;
    await call("PUT", `${container}?restype=container`, "");
    return container;
  }

  async function signIn(resource: string): Promise<string> {
    const form = new URLSearchParams({
      grant_type: "client_credentials",
      client_id: ready.administrator.clientId,
      client_secret: ready.administrator.clientSecret,
      scope: `${resource}/.default`,
    });
    const url = `${ready.authorityHost.replace(/\/$/, "")}/${ready.tenantId}/oauth2/v2.0/token`;
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const answer = await call("POST", url, form.toString(), headers);
    return (JSON.parse(answer) as { access_token: string }).access_token;
  }

  /** One call that must succeed; gives the text of the answer. */
  function call(
    method: string,
    url: string,
    body: string | Readable,
    headers: Record<string, string> = {},
  ): Promise<string> {
    const length = typeof body === "string" ? { "content-length": String(Buffer.byteLength(body)) } : {};
    const data = { "x-ms-version": "2025-11-05", authorization: `Bearer ${token}` };
    return new Promise((resolve, reject) => {
      const outgoing = request(url, { method, agent, headers: { ...data, ...length, ...headers } }, (answer) => {
        const parts: Buffer[] = [];
        answer.on("data", (part: Buffer) => parts.push(part));
        answer.on("end", () => {
          const text = Buffer.concat(parts).toString("utf8");
          if ((answer.statusCode ?? 500) < 300) resolve(text);
          else reject(new Error(`${method} ${url}: ${answer.statusCode} ${text}`));
        });
      });
      outgoing.on("error", reject);
      if (typeof body === "string") outgoing.end(body);
      else pipeline(body, outgoing).catch(reject);
    });
  }

  function digestOf(url: string): Promise<string> {
    const headers = { "x-ms-version": "2025-11-05", authorization: `Bearer ${token}` };
    return new Promise((resolve, reject) => {
      const outgoing = request(url, { agent, headers }, (answer) => {
        const hash = createHash("sha256");
        pipeline(answer, hash).then(() => resolve(hash.digest("hex")), reject);
      });
      outgoing.on("error", reject);
      outgoing.end();
    });
  }
});
