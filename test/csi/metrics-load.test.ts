// Anybody in the cluster may read the metrics: reading them must cost Azure nothing, and must not hold up a volume.
import assert from "node:assert/strict";
import { create, createRequest, type EmulatedApp, startEmulatedApp } from "../support/emulated-app.ts";

/** The list of a whole subscription's role assignments, which only the metrics ask for. */
const COUNTING = { method: "GET", path: "^/+subscriptions/[^/]+/providers/Microsoft.Authorization/roleAssignments\\?" };
const FORBIDDEN = { status: 403, code: "AuthorizationFailed" };
const LONG_WAIT = { status: 429, code: "TooManyRequests", headers: { "retry-after": "300" } };

describe("metrics that are read all the time", () => {
  let app: EmulatedApp;
  beforeEach(async () => {
    app = await startEmulatedApp(["--http-endpoint", "127.0.0.1:0"]);
  });
  afterEach(() => app.stop());

  const scrape = async (): Promise<string> => {
    const { host = "", port = 0 } = app.app.health ?? {};
    const response = await fetch(`http://${host}:${port}/metrics`);
    assert.equal(response.status, 200);
    return response.text();
  };
  const isOfAccounts = ({ operation }: { readonly operation: string }) => operation === "usages/list";
  const statuses = () => app.armCalls().flatMap((call) => (isOfAccounts(call) ? [] : [call.status]));
  const ready = async () => (await fetch(`http://127.0.0.1:${app.app.health?.port}/readyz`)).status;

  it("cause one list where the right to it is missing, and have no gauge", async () => {
    app.emulator.faults.add({ match: COUNTING, times: -1, action: FORBIDDEN });
    for (let index = 0; index < 150; index += 1) {
      assert.doesNotMatch(await scrape(), /^keyless_csi_role_assignments/m);
    }
    assert.equal(statuses().length, 1, "calls to Azure");
  });

  it("count the accounts of a region by one read, and only where the controller may", async () => {
    await create(app, createRequest(app.emulator, { location: "northeurope" }));
    const { subscriptionId } = app.emulator.info;
    const refused = () => app.log().split('"message":"storage accounts are not counted').length - 1;
    app.emulator.faults.add({ match: { operation: "usages/list" }, times: 2, action: FORBIDDEN });
    for (let index = 0; index < 50; index += 1) assert.doesNotMatch(await scrape(), /^keyless_csi_storage_accounts/m);
    assert.equal(app.armCalls().filter(isOfAccounts).length, 2, "one for each region");
    assert.equal(refused(), 2);
    assert.equal(await ready(), 200);
    const allowed = await startEmulatedApp(["--http-endpoint", "127.0.0.1:0"], { emulator: app.emulator });
    const { host = "", port = 0 } = allowed.app.health ?? {};
    const text = await (await fetch(`http://${host}:${port}/metrics`)).text();
    const labels = `subscription_id="${subscriptionId}",location="westeurope"`;
    assert.ok(text.includes(`keyless_csi_storage_accounts{${labels}} 0\n`), text);
    assert.ok(text.includes(`keyless_csi_storage_accounts_limit{${labels}} 250\n`));
    await allowed.stop();
  });

  it("do not hold up volumes when Azure throttles them, and are not repeated", async () => {
    app.emulator.faults.add({ match: COUNTING, times: -1, action: LONG_WAIT });
    await scrape();
    assert.deepEqual(statuses(), [429]);
    await create(app, createRequest(app.emulator));
    await scrape();
    assert.equal(statuses().filter((status) => status === 429).length, 1);
    assert.equal(await ready(), 200);
  });

  it("send nothing while volumes have to wait", async () => {
    app.emulator.faults.add({ match: { method: "GET", operation: "roleDefinitions/*" }, action: LONG_WAIT });
    await assert.rejects(create(app, createRequest(app.emulator)), /Azure asks to wait up to 5 min/);
    app.forgetCalls();
    assert.doesNotMatch(await scrape(), /^keyless_csi_role_assignments/m);
    assert.deepEqual(statuses(), []);
  });

  it("do not make the service unready when Azure does not answer them", async () => {
    app.emulator.faults.add({ match: COUNTING, times: -1, action: { reset: "before" } });
    assert.doesNotMatch(await scrape(), /^keyless_csi_role_assignments/m);
    assert.deepEqual(statuses(), [0]);
    assert.equal(await ready(), 200);
  });

  it("are answered in time while Azure takes long", async () => {
    app.emulator.faults.add({ match: COUNTING, times: -1, action: { hang: "forever" } });
    const begun = performance.now();
    const scrapes = await Promise.all(Array.from({ length: 20 }, scrape));
    // Prometheus gives up after 10 s.
    assert(performance.now() - begun < 8_000);
    for (const text of scrapes) {
      assert.doesNotMatch(text, /^keyless_csi_role_assignments/m);
      assert.match(text, /^keyless_csi_build_info/m);
    }
  });
});
