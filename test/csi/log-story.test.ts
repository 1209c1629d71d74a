// One search of the log by claim, by PersistentVolume or by volume id finds the whole story of a volume, from the request to its
// end, with the reason of each failure and Azure's own ids; also across a restart and for callers that share one flight.
import assert from "node:assert/strict";
import { auditOf, type LogLine, linesOf } from "../support/audit.ts";
import { create, createRequest, type EmulatedApp, startEmulatedApp } from "../support/emulated-app.ts";

const CLAIM = { "csi.storage.k8s.io/pvc/namespace": "shop", "csi.storage.k8s.io/pvc/name": "basket" };

describe("the log of a volume", () => {
  const apps: EmulatedApp[] = [];
  async function start(flags: readonly string[] = [], emulator?: EmulatedApp["emulator"]): Promise<EmulatedApp> {
    const app = await startEmulatedApp(flags, emulator === undefined ? {} : { emulator });
    apps.push(app);
    return app;
  }
  afterEach(async () => {
    for (const app of apps.splice(0).reverse()) await app.stop();
  });

  /** What `grep -F` would show of the log at level info, in short. */
  const search = (app: EmulatedApp, what: string) =>
    app
      .log()
      .split("\n")
      .filter((line) => line.includes(what) && !line.includes('"level":"debug"'))
      .map((line) => inShort(linesOf(line)[0] ?? {}));
  const inShort = ({ message, method = "", action, kind, result, code, reason }: LogLine) => {
    const rpc = String(method).split("/").at(-1);
    if (action !== undefined) return `${rpc}: ${action} ${String(kind).split("/").at(-1)} ${result}`;
    return `${rpc}: ${message}${code === undefined ? "" : ` ${code}`}${reason === undefined ? "" : ` ${reason}`}`;
  };
  const expand = ({ csi }: EmulatedApp, id: string) =>
    csi.controller("ControllerExpandVolume", { volume_id: id, capacity_range: { required_bytes: "5000000000" } });
  const remove = ({ csi }: EmulatedApp, id: string) => csi.controller("DeleteVolume", { volume_id: id });

  it("is found whole by claim, by PersistentVolume and by id, though each call is served by another replica", async () => {
    const first = await start();
    const request = createRequest(first.emulator, { ...CLAIM, isolation: "volume" });
    const refusal = { status: 403, code: "RequestDisallowedByPolicy", message: "no" };
    first.emulator.faults.add({ match: { operation: "storageAccounts/create" }, times: 1, action: refusal });
    await assert.rejects(create(first, request));
    const { volume_id: id } = await create(first, request);
    const second = await start([], first.emulator);
    await expand(second, id);
    const third = await start([], first.emulator);
    await remove(third, id);

    const made = [
      "CreateVolume: create storageAccounts accepted",
      "CreateVolume: create containers done",
      "CreateVolume: create roleAssignments done",
      "CreateVolume: call done OK",
    ];
    const expanded = ["ControllerExpandVolume: update containers done", "ControllerExpandVolume: call done OK"];
    const ended = [
      "DeleteVolume: delete roleAssignments done",
      "DeleteVolume: delete containers done",
      "DeleteVolume: delete storageAccounts done",
      "DeleteVolume: call done OK",
    ];
    const refused = [
      "CreateVolume: create storageAccounts refused",
      "CreateVolume: call failed FAILED_PRECONDITION Misconfigured",
    ];
    for (const what of ['"claim":"shop/basket"', request.name ?? ""]) {
      assert.deepEqual(search(first, what), [...refused, ...made], what);
      assert.deepEqual(search(second, what), expanded, what);
      assert.deepEqual(search(third, what), ended, what);
    }
    assert.deepEqual(search(first, id), made.slice(1), "the id is known once the account is");
    assert.deepEqual([...search(second, id), ...search(third, id)], [...expanded, ...ended]);
  });

  it("names the claim where a deletion fails before it has read anything, and for callers that join a flight", async () => {
    const app = await start(["--account-cache", "1ms"]);
    const request = createRequest(app.emulator, CLAIM);
    const held = app.untilStep("access");
    app.emulator.faults.add({ match: { operation: "roleAssignments/create" }, times: 1, action: { delay: 300 } });
    const both = [create(app, request)];
    await held;
    both.push(create(app, request));
    const [{ volume_id: id } = assert.fail()] = await Promise.all(both);
    const ends = linesOf(app.log()).filter(({ message }) => message === "call done");
    assert.deepEqual(
      ends.map(({ volumeId, claim }) => [volumeId, claim]),
      [
        [id, "shop/basket"],
        [id, "shop/basket"],
      ],
    );
    app.emulator.faults.add({ match: { service: "arm" }, times: 1, action: { status: 403, message: "no" } });
    await assert.rejects(remove(app, id));
    assert(search(app, '"claim":"shop/basket"').includes("DeleteVolume: call failed PERMISSION_DENIED Forbidden"));
  });

  it("names the claim of a volume whose container has a name of its own", async () => {
    const app = await start();
    const request = createRequest(app.emulator, CLAIM, { name: "Not A Container Name" });
    const { volume_id: id } = await create(app, request);
    const restarted = await start([], app.emulator);
    await remove(restarted, id);
    const done = linesOf(restarted.log()).find(({ message }) => message === "call done");
    assert.deepEqual([done?.["volume"], done?.["claim"]], ["Not A Container Name", "shop/basket"]);
  });

  it("has Azure's ids of what failed, also of a read and of a sign-in, and the reason as a metric", async () => {
    const app = await start(["--http-endpoint", "127.0.0.1:0", "--account-cache", "1ms"]);
    const failed = () => linesOf(app.log()).findLast(({ message }) => message === "call failed") ?? assert.fail();
    const request = createRequest(app.emulator, CLAIM);
    app.emulator.faults.add({ match: { operation: "storageAccounts/get" }, times: -1, action: { status: 409 } });
    app.forgetCalls();
    await assert.rejects(create(app, request));
    const [call] = app.emulator.calls.report().calls.filter(({ fault }) => fault !== undefined);
    assert.deepEqual([failed()["requestId"], failed()["correlationId"]], [call?.id, failed()["callId"]]);
    assert.equal(failed()["reason"], "Busy");

    const ids = { trace: "11111111-1111-4111-8111-111111111111", correlation: "22222222-2222-4222-8222-222222222222" };
    const text = `AADSTS700211: no. Trace ID: ${ids.trace} Correlation ID: ${ids.correlation} Timestamp: 2026-11-27 01:00:00Z`;
    app.emulator.faults.clear();
    const refusal = { status: 401, code: "invalid_client", message: text };
    app.emulator.faults.add({ match: { service: "entra", operation: "token" }, times: -1, action: refusal });
    app.emulator.faults.add({ match: { service: "arm" }, times: 1, action: { status: 401, message: "sign in again" } });
    await assert.rejects(create(app, request));
    await assert.rejects(create(app, request));
    assert.deepEqual(
      [failed()["reason"], failed()["requestId"], failed()["correlationId"]],
      ["Unauthenticated", ids.trace, ids.correlation],
    );
    const { host, port } = app.app.health ?? assert.fail("no metrics");
    const metrics = await (await fetch(`http://${host}:${port}/metrics`)).text();
    const method = 'method_name="/csi.v1.Controller/CreateVolume"';
    assert.match(metrics, new RegExp(`keyless_csi_call_failures_total\\{[^}]*${method},reason="Busy"\\} 1\\n`));
    assert.match(
      metrics,
      new RegExp(`keyless_csi_call_failures_total\\{[^}]*${method},reason="Unauthenticated"\\} 2\\n`),
    );
    assert.doesNotMatch(metrics, /pvc-|shop/);
  });

  it("holds no audit line for what was never sent", async () => {
    const app = await start();
    await create(app, createRequest(app.emulator));
    app.emulator.faults.add({
      match: { operation: "containers/create" },
      times: 1,
      action: { status: 429, headers: { "retry-after": "300" } },
    });
    await assert.rejects(create(app, createRequest(app.emulator)));
    const before = auditOf(app.log()).length;
    await assert.rejects(create(app, createRequest(app.emulator)), /Azure asks to wait/);
    assert.equal(auditOf(app.log()).length, before);
  });
});
