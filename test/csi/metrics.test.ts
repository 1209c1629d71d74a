// What an operator sees on /metrics and /readyz while the service works.
import assert from "node:assert/strict";
import { create, createRequest, type EmulatedApp, startEmulatedApp } from "../support/emulated-app.ts";

describe("metrics and readiness", () => {
  let app: EmulatedApp;
  before(async () => {
    app = await startEmulatedApp(["--http-endpoint", "127.0.0.1:0", "--account-cache", "0s"]);
    await create(app, createRequest(app.emulator));
  });
  after(() => app.stop());
  const get = async (path: string) => {
    const { host = "", port = 0 } = app.app.health ?? {};
    const response = await fetch(`http://${host}:${port}${path}`);
    return { status: response.status, text: await response.text() };
  };

  it("count calls by the names that sidecars use, and calls to Azure by resource type", async () => {
    const { text } = await get("/metrics");
    const code = 'grpc_status_code="OK"';
    const method = 'method_name="/csi.v1.Controller/CreateVolume"';
    assert.match(
      text,
      new RegExp(`csi_plugin_operations_seconds_count\\{driver_name="keyless.blob.csi",${method},${code}\\} 1`),
    );
    assert.match(
      text,
      /keyless_csi_azure_requests_total\{operation="PUT Microsoft.Storage\/storageAccounts",status="202"\} 1/,
    );
    await assert.rejects(create(app, createRequest(app.emulator, { skuNmae: "x" })));
    const refused = (await get("/metrics")).text;
    assert.match(refused, /csi_plugin_operations_seconds_count\{.*grpc_status_code="InvalidArgument"\} 1/);
    const labels = 'grpc_type="unary",grpc_service="csi.v1.Controller",grpc_method="CreateVolume"';
    assert(refused.includes(`grpc_server_handled_total{${labels},grpc_code="InvalidArgument"} 1\n`));
    assert(refused.includes(`grpc_server_started_total{${labels}} 2\n`));
    assert(refused.includes(`grpc_server_handling_seconds_count{${labels}} 2\n`));
    assert.doesNotMatch(text, /pvc-0000|kl[a-z2-7]{22}/, "no name of a volume or account is a label");
  });

  it("tell how many role assignments the subscription holds, of how many it may", async () => {
    const { text } = await get("/metrics");
    const { subscriptionId } = app.emulator.info;
    const held = [...app.emulator.world.roleAssignments.values()].filter(({ scope }) =>
      scope.includes(subscriptionId),
    ).length;
    assert(text.includes(`keyless_csi_role_assignments{subscription_id="${subscriptionId}"} ${held}\n`), text);
    assert(text.includes(`keyless_csi_role_assignments_limit{subscription_id="${subscriptionId}"} 4000\n`));
  });

  it("count an account that was opened", async () => {
    const [account] = app.emulator.world.accounts.values();
    if (account === undefined) assert.fail("no account");
    account.properties["allowSharedKeyAccess"] = true;
    await assert.rejects(create(app, createRequest(app.emulator)));
    assert.match((await get("/metrics")).text, /keyless_csi_account_drift_total 1\n/);
  });

  it("/healthz and /readyz answer ok while the sign-in works", async () => {
    assert.equal((await get("/healthz")).status, 200);
    assert.equal((await get("/readyz")).status, 200);
  });
});
