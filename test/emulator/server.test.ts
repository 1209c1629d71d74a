import { deepEqual, doesNotReject, equal, match, ok, rejects, throws } from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { request } from "node:https";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { decodeJwt } from "jose";
import { type Emulator, startEmulator } from "../../src/emulator/emulator.ts";
import { originOf } from "../../src/emulator/http/exchange.ts";
import { parseListenAddress } from "../../src/emulator/http/server.ts";
import type { EmulatorInfo } from "../../src/emulator/ready-file.ts";
import { administratorToken, send } from "../support/emulator-client.ts";

describe("the emulator as a server", () => {
  let folder: string;
  let emulator: Emulator | undefined;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "emulator-test-"));
  });
  afterEach(async () => {
    await emulator?.close();
    emulator = undefined;
    rmSync(folder, { recursive: true });
  });

  it("writes the ready file readable by its owner only, with what clients need, and removes all its files", async () => {
    const readyFile = join(folder, "ready.json");
    emulator = await startEmulator({ readyFile });
    deepEqual(readdirSync(folder).sort(), ["ready-ca.pem", "ready-controller-token", "ready.json"]);
    equal(statSync(readyFile).mode & 0o777, 0o600);
    const info = JSON.parse(readFileSync(readyFile, "utf8")) as EmulatorInfo;
    deepEqual(info, emulator.info);
    match(readFileSync(info.caFile, "utf8"), /^-----BEGIN CERTIFICATE-----/);
    deepEqual(
      info.identities.map(({ name }) => name),
      ["workload-a", "workload-b"],
    );
    const claims = decodeJwt(readFileSync(info.controller.tokenFile, "utf8"));
    equal(claims.sub, "system:serviceaccount:kube-system:keyless-csi-controller");
    await emulator.close();
    deepEqual(readdirSync(folder), []);
    ok(!existsSync(info.caFile));
  });

  it("renews the controller's token when the clock passes four fifths of its lifetime", async () => {
    emulator = await startEmulator();
    const read = () => readFileSync(emulator?.info.controller.tokenFile ?? "", "utf8");
    const first = read();
    emulator.clock.advance(1000_000);
    emulator.clock.advance(2000_000);
    while (read() === first) await new Promise((resolve) => setImmediate(resolve));
    ok((decodeJwt(read()).exp ?? 0) * 1000 > emulator.clock.now());
  });

  it("listens on all configured addresses", async () => {
    emulator = await startEmulator({ listen: ["127.0.0.1:0", "[::1]:0", "127.0.0.2:0"] });
    match(emulator.info.armEndpoint, /^https:\/\/127\.0\.0\.1:\d+$/);
    equal((await send(emulator, "/common/discovery/keys")).status, 200);
  });

  it("answers under the name by which others reach it, with a certificate for it", async () => {
    emulator = await startEmulator({ reachableAs: "azure.demo.svc" });
    const { armEndpoint, authorityHost, blobEndpoint, issuer } = emulator.info;
    const { hostname, port } = new URL(armEndpoint);
    deepEqual([hostname, authorityHost, blobEndpoint], ["azure.demo.svc", armEndpoint, armEndpoint]);
    const socket = connect({ host: "127.0.0.1", port: Number(port), servername: hostname, ca: emulator.ca });
    await once(socket, "secureConnect");
    equal(socket.authorized, true);
    socket.destroy();
    const { tenantId } = emulator.info;
    const path = `/${tenantId}/v2.0/.well-known/openid-configuration`;
    const answer = await send(emulator, path, { base: `https://127.0.0.1:${port}`, host: `${hostname}:${port}` });
    equal(answer.json<{ issuer: string }>().issuer, `${authorityHost}/${tenantId}/v2.0`);
    equal(issuer, `${armEndpoint}/_oidc`);
  });

  it("refuses to listen where another machine could reach it", async () => {
    for (const address of ["0.0.0.0:8443", "[::]:8443", "10.0.0.1:443", "example.com:443"]) {
      throws(() => parseListenAddress(address), /is not loopback/);
    }
    throws(() => parseListenAddress("127.0.0.1"), /write it as 127\.0\.0\.1:8443/);
    throws(() => parseListenAddress("127.0.0.1:99999"), /write it as/);
    await rejects(startEmulator({ listen: ["0.0.0.0:0"] }), /loopback/);
  });

  it("opens no listener when one address is in use", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => taken.once("listening", resolve));
    const { port } = taken.address() as AddressInfo;
    await rejects(startEmulator({ listen: ["127.0.0.1:0", `127.0.0.1:${port}`] }), { code: "EADDRINUSE" });
    taken.close();
  });

  it("runs beside another one in the same process", async () => {
    emulator = await startEmulator();
    const other = await startEmulator();
    try {
      const token = await administratorToken(other);
      const ours = await send(emulator, "/subscriptions?api-version=2022-12-01", {
        headers: { authorization: `Bearer ${token}` },
      });
      equal(ours.status, 401, "a token of one emulator is not valid for another");
      other.world.tenants.clear();
      equal(emulator.world.tenants.size, 1);
    } finally {
      await other.close();
    }
    await doesNotReject(emulator.close());
    await doesNotReject(emulator.close());
  });

  it("sends each host name and path to its service", async () => {
    emulator = await startEmulator();
    const id = emulator.info.subscriptionId;
    await send(emulator, `/SUBSCRIPTIONS/${id}?api-version=2022-12-01`);
    await send(emulator, `/subscriptions/${id}?api-version=2022-12-01`, { host: "management.azure.com" });
    await send(emulator, "/someaccount/container?restype=container");
    await send(emulator, "/container?restype=container", { host: "someaccount.blob.core.windows.net" });
    await send(emulator, "/someaccount/container?resource=filesystem&recursive=false");
    await send(emulator, "/container/path", { host: "someaccount.dfs.core.windows.net" });
    await send(emulator, "/organizations/discovery/v2.0/keys", { host: "login.microsoftonline.com" });
    await send(emulator, "/_oidc/openid/v1/jwks");
    await send(emulator, "/someaccount/discovery?restype=container");
    const seen = emulator.calls.report().calls.map(({ service, host }) => `${service} ${host}`);
    deepEqual(seen, [
      "arm 127.0.0.1",
      "arm management.azure.com",
      "blob 127.0.0.1",
      "blob someaccount.blob.core.windows.net",
      "dfs 127.0.0.1",
      "dfs someaccount.dfs.core.windows.net",
      "entra login.microsoftonline.com",
      "issuer 127.0.0.1",
      "blob 127.0.0.1",
    ]);
  });

  it("writes addresses without the scheme's default port, in the ready file and in answers that follow the Host header", async () => {
    equal(originOf("https", "127.0.0.1:443"), "https://127.0.0.1");
    equal(originOf("https", "[::1]:443"), "https://[::1]");
    equal(originOf("http", "169.254.169.254:80"), "http://169.254.169.254");
    equal(originOf("https", "127.0.0.1:8443"), "https://127.0.0.1:8443");
    equal(originOf("https", "127.0.0.1:80"), "https://127.0.0.1:80");
    emulator = await startEmulator();
    const host = "localhost:443";
    const { tenantId, subscriptionId } = emulator.info;
    const found = await send(emulator, `/${tenantId}/v2.0/.well-known/openid-configuration`, { host });
    const { issuer, token_endpoint } = found.json();
    deepEqual(
      [issuer, token_endpoint],
      [`https://localhost/${tenantId}/v2.0`, `https://localhost/${tenantId}/oauth2/v2.0/token`],
    );
    const asked = encodeURIComponent(`https://localhost/${tenantId}/oauth2/v2.0/authorize`);
    const instance = await send(emulator, `/common/discovery/instance?authorization_endpoint=${asked}`, { host });
    equal(instance.json()["tenant_discovery_endpoint"], `${issuer}/.well-known/openid-configuration`);
    const cloud = await send(emulator, "/metadata/endpoints?api-version=2022-09-01", { host });
    equal(cloud.json()["resourceManager"], "https://localhost");
    const headers = {
      authorization: `Bearer ${await administratorToken(emulator)}`,
      "content-type": "application/json",
    };
    const account = `/subscriptions/${subscriptionId}/resourceGroups/keyless/providers/Microsoft.Storage/storageAccounts/klport`;
    const body = JSON.stringify({ location: "westeurope", kind: "StorageV2", sku: { name: "Standard_LRS" } });
    const made = await send(emulator, `${account}?api-version=2025-06-01`, { method: "PUT", host, headers, body });
    match(String(made.headers.location), /^https:\/\/localhost\//);
    const shown = await send(emulator, `${account}?api-version=2025-06-01`, { host, headers });
    const { primaryEndpoints } = shown.json<{ properties: { primaryEndpoints: Record<string, string> } }>().properties;
    deepEqual([primaryEndpoints["blob"], primaryEndpoints["dfs"]], Array(2).fill("https://localhost/klport/"));
  });

  it("puts request ids on Resource Manager's answers, and returns the client's own id when asked", async () => {
    emulator = await startEmulator();
    const headers = { "x-ms-client-request-id": "mine", "x-ms-return-client-request-id": "true" };
    const answer = await send(emulator, "/subscriptions?api-version=2022-12-01", { headers });
    equal(answer.status, 401);
    match(String(answer.headers["x-ms-request-id"]), /^[0-9a-f-]{36}$/);
    match(String(answer.headers["x-ms-correlation-request-id"]), /^[0-9a-f-]{36}$/);
    match(String(answer.headers["x-ms-routing-request-id"]), /^WESTEUROPE:\d{8}T\d{6}Z:[0-9a-f-]{36}$/);
    equal(answer.headers["x-ms-client-request-id"], "mine");
  });

  it("logs a client that disconnects in the middle of its request as unanswered, and not as a bug", async () => {
    emulator = await startEmulator();
    const { tenantId, authorityHost } = emulator.info;
    const headers = { "content-length": "1000", expect: "100-continue" };
    const url = `${authorityHost}/${tenantId}/oauth2/v2.0/token`;
    const outgoing = request(url, { method: "POST", headers, ca: emulator.ca, agent: false });
    outgoing.on("error", () => {});
    outgoing.flushHeaders();
    await once(outgoing, "continue"); // the emulator has the head and waits for the body
    outgoing.destroy();
    while (emulator.calls.report().total === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const { calls, alarms } = emulator.calls.report();
    deepEqual([calls[0]?.status, alarms], [0, []]);
  });
});
