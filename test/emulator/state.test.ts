import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Emulator, startEmulator } from "../../src/emulator/emulator.ts";
import { administratorToken, send, sendAdmin, sendForm } from "../support/emulator-client.ts";

describe("the emulator's state file", () => {
  let folder: string;
  let stateFile: string;
  const running = new Set<Emulator>();
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "emulator-state-"));
    stateFile = join(folder, "state.json");
  });
  afterEach(async () => {
    for (const each of running) await each.close();
    running.clear();
    rmSync(folder, { recursive: true });
  });
  const start = async () => {
    const emulator = await startEmulator({ stateFile });
    running.add(emulator);
    return emulator;
  };

  async function armPut(emulator: Emulator, path: string, body: object) {
    const authorization = `Bearer ${await administratorToken(emulator)}`;
    const headers = { authorization, "content-type": "application/json" };
    const answer = await send(emulator, path, { method: "PUT", headers, body: JSON.stringify(body) });
    ok(answer.status < 300, answer.text);
  }

  async function blob(emulator: Emulator, method: string, path: string, body?: string) {
    const authorization = `Bearer ${await workloadToken(emulator)}`;
    const headers = {
      authorization,
      "x-ms-version": "2025-01-05",
      ...(body === undefined ? {} : { "x-ms-blob-type": "BlockBlob" }),
    };
    return send(emulator, path, { method, headers, ...(body === undefined ? {} : { body }) });
  }

  async function workloadToken(emulator: Emulator): Promise<string> {
    const answer = await sendForm(emulator, `/${emulator.info.tenantId}/oauth2/v2.0/token`, {
      grant_type: "client_credentials",
      client_id: emulator.info.identities[0]?.clientId ?? "",
      client_assertion: await emulator.issuer.mint({ namespace: "demo", name: "workload-a" }),
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      scope: "https://storage.azure.com/.default",
    });
    return String(answer.json()["access_token"]);
  }

  /** An account, a container, a grant for workload-a on it, and a blob. */
  async function fill(emulator: Emulator, more: object = {}) {
    const { subscriptionId, identities } = emulator.info;
    const account = `/subscriptions/${subscriptionId}/resourceGroups/keyless/providers/Microsoft.Storage/storageAccounts/klstate1`;
    const version = "?api-version=2025-06-01";
    const properties = { allowSharedKeyAccess: false, ...more };
    await armPut(emulator, account + version, {
      location: "westeurope",
      kind: "StorageV2",
      sku: { name: "Standard_LRS" },
      properties,
    });
    const container = `${account}/blobServices/default/containers/kept`;
    await armPut(emulator, container + version, { properties: { metadata: { colour: "<b>" } } });
    const roleDefinitionId = `/providers/Microsoft.Authorization/roleDefinitions/ba92f5b4-2d11-453d-a403-e96b0029c9fe`;
    const grant = { roleDefinitionId, principalId: identities[0]?.principalId, principalType: "ServicePrincipal" };
    const assignment = `${container}/providers/Microsoft.Authorization/roleAssignments/${crypto.randomUUID()}`;
    await armPut(emulator, `${assignment}?api-version=2022-04-01`, { properties: grant });
    equal((await blob(emulator, "PUT", "/klstate1/kept/a.txt", "still here")).status, 201);
  }

  it("keeps accounts, containers, role assignments, blobs, keys and the clock across a restart", async () => {
    const first = await start();
    await fill(first);
    first.clock.advance(3_600_000);
    const oldToken = await workloadToken(first);
    const before = (await sendAdmin(first, "GET", "/state")).json<Record<string, unknown[]>>();
    await first.close();
    equal(statSync(stateFile).mode & 0o777, 0o600);

    const second = await start();
    ok(second.clock.now() > Date.now() + 3_590_000);
    const after = (await sendAdmin(second, "GET", "/state")).json<Record<string, unknown[]>>();
    for (const name of ["accounts", "containers", "roleAssignments", "roleDefinitions"])
      deepEqual(after[name], before[name], name);
    equal((await blob(second, "GET", "/klstate1/kept/a.txt")).text, "still here");
    const headers = { authorization: `Bearer ${oldToken}`, "x-ms-version": "2025-01-05" };
    equal(
      (await send(second, "/klstate1/kept/a.txt", { headers })).status,
      200,
      "a token of the first run is still good",
    );
    equal(second.info.administrator.clientSecret, first.info.administrator.clientSecret);
  });

  it("keeps directories, their permissions, and data that is not flushed yet", async () => {
    const first = await start();
    await fill(first, { isHnsEnabled: true });
    const change = async (emulator: Emulator, method: string, path: string, more: object = {}) => {
      const authorization = `Bearer ${await workloadToken(emulator)}`;
      const { headers = {}, ...rest } = more as { headers?: Record<string, string>; body?: string };
      const all = { authorization, "x-ms-version": "2025-01-05", ...headers };
      return send(emulator, `/klstate1/kept/${path}`, { method, headers: all, ...rest });
    };
    equal((await change(first, "PUT", "d/file?resource=file")).status, 201);
    equal((await change(first, "PATCH", "d/file?action=append&position=0", { body: "late" })).status, 202);
    const mode = { headers: { "x-ms-permissions": "0741" } };
    equal((await change(first, "PATCH", "d?action=setAccessControl", mode)).status, 200);
    await first.close();

    const second = await start();
    const directory = await change(second, "HEAD", "d?action=getAccessControl");
    equal(directory.headers["x-ms-permissions"], "rwxr----x");
    equal((await change(second, "PATCH", "d/file?action=flush&position=4")).status, 200);
    equal((await change(second, "GET", "d/file")).text, "late");
  });

  it("is refused when it is not a state file of this version", async () => {
    writeFileSync(stateFile, '{"format": 99}');
    await rejects(start(), /is not a state file: its format is 99/);
    writeFileSync(stateFile, "not JSON");
    await rejects(start(), /is not a state file/);
  });

  it("is shown as a page on which nothing that callers sent becomes markup", async () => {
    const emulator = await start();
    await fill(emulator);
    const page = await sendAdmin(emulator, "GET", "/");
    equal(page.headers["content-type"], "text/html; charset=utf-8");
    match(page.text, /<td>klstate1<\/td>/);
    match(page.text, /<td>klstate1<\/td><td>kept<\/td><td>1<\/td>/);
    match(page.text, /colour=&#60;b&#62;/);
    match(page.text, /<td>workload-a<\/td><td>Storage Blob Data Contributor<\/td>/);
    match(page.text, /<td>blobs\/put<\/td>/);
    ok(!page.text.includes(emulator.info.administrator.clientSecret) && page.text.split("<script").length === 2);
    equal((await send(emulator, "/_emulator/")).status, 401);
  });
});
