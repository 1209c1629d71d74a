// The health endpoint and the metrics over HTTP.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { type HealthServer, type Readiness, startHealthServer } from "../../../src/telemetry/health.ts";
import { createMetrics, type Metrics } from "../../../src/telemetry/metrics.ts";

describe("the health endpoint", () => {
  let readiness: Readiness;
  let metrics: Metrics;
  let server: HealthServer;

  beforeEach(async () => {
    readiness = { ready: true };
    metrics = createMetrics("keyless.blob.csi", "1.2.3");
    server = await startHealthServer({ host: "127.0.0.1", port: 0, metrics, readiness: () => readiness });
  });
  afterEach(() => server.close());

  async function get(path: string): Promise<{ status: number; text: string; type: string | null }> {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`);
    return { status: response.status, text: await response.text(), type: response.headers.get("content-type") };
  }

  it("is healthy while the process runs, and ready only when its readiness is", async () => {
    assert.equal((await get("/healthz")).status, 200);
    assert.equal((await get("/readyz")).status, 200);
    readiness = { ready: false, reason: "draining" };
    assert.deepEqual({ ...(await get("/readyz")), type: "" }, { status: 503, text: "draining\n", type: "" });
    assert.equal((await get("/healthz?verbose")).status, 200);
  });

  it("answers 404 to anything else", async () => {
    assert.equal((await get("/")).status, 404);
  });

  it("serves CSI calls and Azure calls as metrics", async () => {
    metrics.observeOperation({ method: "/csi.v1.Controller/CreateVolume", code: "OK", seconds: 0.2 });
    metrics.observeAzureRequest({ operation: "storageAccounts/create", status: 202, seconds: 0.04 });
    metrics.observeAzureRequest({ operation: "storageAccounts/create", status: 0, seconds: 7 });
    metrics.watchInFlight(() => 3);
    const { status, text, type } = await get("/metrics");
    assert.equal(status, 200);
    assert.match(type ?? "", /^text\/plain; version=0\.0\.4/);
    const labels = 'driver_name="keyless.blob.csi",method_name="/csi.v1.Controller/CreateVolume",grpc_status_code="OK"';
    assert.ok(text.includes(`csi_plugin_operations_seconds_bucket{le="0.25",${labels}} 1`), text);
    assert.ok(text.includes(`csi_plugin_operations_seconds_bucket{le="0.1",${labels}} 0`));
    assert.ok(text.includes('keyless_csi_azure_requests_total{operation="storageAccounts/create",status="202"} 1'));
    assert.ok(text.includes('keyless_csi_azure_requests_total{operation="storageAccounts/create",status="0"} 1'));
    assert.ok(text.includes('keyless_csi_azure_request_seconds_count{operation="storageAccounts/create"} 2'));
    assert.ok(text.includes("keyless_csi_operations_in_flight 3"));
    assert.ok(text.includes('keyless_csi_build_info{version="1.2.3"} 1'));
  });

  it("keeps metrics of two services in one process apart", async () => {
    metrics.observeOperation({ method: "/csi.v1.Identity/Probe", code: "OK", seconds: 0 });
    assert.ok(!(await createMetrics("other", "1").render()).includes("Probe"));
  });

  /** A connection that has sent only this. */
  async function open(text = ""): Promise<Socket> {
    const socket = connect(server.port, "127.0.0.1");
    socket.on("error", () => {}).resume();
    await once(socket, "connect");
    socket.write(text);
    return socket;
  }

  it("closes connections that send nothing, half a request or a body without end", async () => {
    const begun = performance.now();
    const slow = [
      await open(),
      await open("GET /healthz HTTP/1.1\r\nhost: x\r\n"),
      await open("POST /metrics HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\nx"),
    ];
    await Promise.all(slow.map((socket) => once(socket, "close")));
    // Without a limit a connection stays for minutes.
    assert(performance.now() - begun < 15_000);
  });

  it("answers a probe while others keep more connections open than it keeps", async () => {
    const kept = await Promise.all(Array.from({ length: 400 }, () => open("GET /metrics HTTP/1.1\r\n")));
    assert.equal((await get("/healthz")).status, 200);
    const [oldest] = kept;
    assert(oldest);
    if (!oldest.closed) await once(oldest, "close");
    for (const socket of kept) socket.destroy();
  });

  it("refuses long headers and other methods, and closes after each answer", async () => {
    const address = `http://127.0.0.1:${server.port}/metrics`;
    assert.equal((await fetch(address, { headers: { x: "y".repeat(9_000) } })).status, 431);
    const refused = await fetch(address, { method: "POST", body: "x".repeat(100_000) });
    assert.equal(refused.status, 405);
    assert.equal(refused.headers.get("connection"), "close");
  });

  it("renders once for scrapes that come together", async () => {
    let renders = 0;
    const gate = Promise.withResolvers<void>();
    metrics.watchRoleAssignments(async () => {
      renders += 1;
      await gate.promise;
      return [];
    });
    const scrapes = Array.from({ length: 50 }, () => get("/metrics"));
    await Promise.all(Array.from({ length: 10 }, () => get("/healthz")));
    gate.resolve();
    for (const { status } of await Promise.all(scrapes)) assert.equal(status, 200);
    // Two gauges read it in each rendering, and further renderings serve those that came after the first.
    assert(renders <= 20, `${renders} reads`);
  });

  it("leaves out a gauge that has no value, and one whose value has become too old", async () => {
    let known = [{ subscriptionId: "s", used: 7, limit: 4000 }];
    metrics.watchRoleAssignments(async () => known);
    assert.match((await get("/metrics")).text, /^keyless_csi_role_assignments\{subscription_id="s"\} 7$/m);
    known = [];
    assert.doesNotMatch((await get("/metrics")).text, /^keyless_csi_role_assignments/m);
  });

  it("says why it cannot listen", async () => {
    await assert.rejects(
      startHealthServer({ host: "127.0.0.1", port: server.port, metrics, readiness: () => readiness }),
      /EADDRINUSE/,
    );
  });
});
