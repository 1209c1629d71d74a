// With grantScope account a volume costs no call for its role assignment, which is remembered; and no volume is left without
// access when another replica takes the assignment away meanwhile: it is read again behind each use, and put back.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { containerFor, write } from "../../src/commands/demo/workload.ts";
import { KEY_PACE_MS } from "../../src/concurrency/follow-ups.ts";
import type { Volume } from "../../src/csi/proto.generated.ts";
import { create, type EmulatedApp, type EmulatedAppOptions, startEmulatedApp } from "../support/emulated-app.ts";
import { createFakeCluster, type FakeCluster } from "../support/fake-cluster.ts";
import { heldRoleAssignments } from "../support/held.ts";
import { SAFE_MOUNT } from "../support/safe-mount.ts";

const NAMESPACE = "demo";

describe("a role assignment at an account", () => {
  let app: EmulatedApp;
  /** Another replica of the same cluster, at the same Azure. */
  let other: EmulatedApp;
  let cluster: FakeCluster;
  beforeEach(async () => {
    const options: EmulatedAppOptions = {
      clusterFor: ({ issuer }) => {
        cluster ??= createFakeCluster(issuer.issuer);
        return cluster;
      },
      patience: { retryDelayMs: 5 },
    };
    cluster = undefined as never;
    app = await startEmulatedApp([], options);
    other = await startEmulatedApp([], { ...options, emulator: app.emulator });
    cluster.namespaces.set(NAMESPACE, "uid-demo");
    app.emulator.info.identities.forEach(({ clientId }, index) => {
      cluster.serviceAccounts.set(`${NAMESPACE}/workload-${"ab"[index]}`, clientId);
    });
  });
  afterEach(async () => {
    app.emulator.faults.clear();
    await other.stop();
    await app.stop();
  });

  function request(parameters: Record<string, string> = {}, serviceAccount?: string) {
    const uid = randomUUID();
    cluster.claims.set(`${NAMESPACE}/${uid}`, { uid, isBoundLate: false, ...(serviceAccount && { serviceAccount }) });
    const identity = serviceAccount === undefined ? { clientID: clientId(0) } : { identity: "serviceAccount" };
    return {
      name: `pvc-${uid}`,
      volume_capabilities: [{ mount: SAFE_MOUNT, access_mode: { mode: "SINGLE_NODE_WRITER" as const } }],
      parameters: {
        ...identity,
        isolation: "namespace",
        grantScope: "account",
        ...parameters,
        "csi.storage.k8s.io/pvc/name": uid,
        "csi.storage.k8s.io/pvc/namespace": NAMESPACE,
      },
    };
  }
  const clientId = (index: number) => app.emulator.info.identities[index]?.clientId ?? "";
  const remove = (by: EmulatedApp, { volume_id: id }: Volume) => by.csi.controller("DeleteVolume", { volume_id: id });
  const assigned = () =>
    heldRoleAssignments(app.emulator.world)
      .filter(({ scope }) => scope.includes("/storageAccounts/"))
      .map(({ principalId }) => principalId);
  const principal = (index = 0) => app.emulator.info.identities[index]?.principalId ?? "";
  const calls = () => app.armCalls().map(({ method, operation }) => `${method} ${operation.split("/")[0]}`);
  const callsTo = (type: string) => calls().filter((call) => call.endsWith(type));

  /** What the workload of the first identity can do in the volume. */
  async function writeInto({ volume_context: context }: Volume): Promise<number> {
    const { blobEndpoint, authorityHost, tenantId, identities } = app.emulator.info;
    const { name = "" } = identities[0] ?? {};
    const container = containerFor(`${blobEndpoint}/${context["storageaccount"]}/${context["containerName"]}`, {
      clientId: clientId(0),
      tenantId,
      authorityHost,
      serviceAccountToken: () => app.emulator.issuer.mint({ namespace: NAMESPACE, name }),
    });
    return (await write(container, "a", "text")).status;
  }

  describe("costs no call", () => {
    for (const [mode, serviceAccount] of [
      ["the class names the identity", undefined],
      ["the ServiceAccount names the identity", "workload-a"],
    ] as const) {
      it(`of a further volume, nor of a repeated one, where ${mode}`, async () => {
        await create(app, request({}, serviceAccount));
        app.forgetCalls();
        const checked = app.untilTask();
        const again = request({}, serviceAccount);
        const volume = await create(app, again);
        assert.equal(await checked, "done");
        assert.deepEqual(callsTo("containers"), ["GET containers", "PUT containers"]);
        assert.deepEqual(
          calls().filter((call) => !call.endsWith("containers")),
          ["GET roleAssignments"],
          "the check behind it",
        );
        app.forgetCalls();
        assert.deepEqual(await create(app, again), volume);
        assert.deepEqual(calls(), ["GET containers"], "the next check waits for the pace");
        assert.equal(await writeInto(volume), 201);
      });
    }

    it("but one of a hundred volumes that come together", async () => {
      await create(app, request({ clientID: clientId(1) }));
      app.forgetCalls();
      const volumes = await Promise.all(Array.from({ length: 100 }, () => create(app, request())));
      const puts = callsTo("roleAssignments").filter((call) => call.startsWith("PUT"));
      assert.equal(puts.length, 1);
      await app.time.advance(KEY_PACE_MS);
      assert(
        callsTo("roleAssignments").length <= 5,
        `two roles are looked for, two checks: ${callsTo("roleAssignments")}`,
      );
      assert.equal(new Set(volumes.map(({ volume_id: id }) => id)).size, 100);
      assert.equal(assigned().filter((each) => each === principal()).length, 1);
    });
  });

  describe("that another replica has taken away with the account's last volume", () => {
    let last: Volume;
    beforeEach(async () => {
      last = await create(app, request());
      await remove(other, last);
      assert.deepEqual(assigned(), []);
    });

    /** One more volume here and its deletion there: the next check here waits for the pace. */
    async function emptyAgain(): Promise<void> {
      const checked = app.untilTask();
      const volume = await create(app, request());
      await checked;
      await remove(other, volume);
      assert.deepEqual(assigned(), []);
    }

    it("is put back behind the next volume, which its workload can use", async () => {
      const checked = app.untilTask();
      const volume = await create(app, request());
      assert.equal(await checked, "done");
      assert.deepEqual(assigned(), [principal()]);
      assert.equal(await writeInto(volume), 201);
      const [line = ""] = app
        .log()
        .split("\n")
        .filter((each) => each.includes('"how":"put back"'));
      assert.match(line, /"task":"access-check"/);
      const audit = app
        .log()
        .split("\n")
        .filter((each) => /"azure.write".*"task":"access-check"/.test(each));
      assert.equal(audit.length, 1, "the audit names the check");
      app.forgetCalls();
      await create(app, request());
      assert.deepEqual(callsTo("roleAssignments"), [], "it is remembered as before");
    });

    it("is put back behind a volume whose check waits for the pace", async () => {
      await emptyAgain();
      const volume = await create(app, request());
      assert.deepEqual(assigned(), []);
      const checked = app.untilTask();
      await app.time.advance(KEY_PACE_MS);
      assert.equal(await checked, "done");
      assert.deepEqual(assigned(), [principal()]);
      assert.equal(await writeInto(volume), 201);
    });

    it("is put back before the process ends, where the check still waits", async () => {
      await emptyAgain();
      const volume = await create(app, request());
      assert.deepEqual(assigned(), []);
      assert.equal(await app.app.stop(), "finished");
      assert.deepEqual(assigned(), [principal()]);
      assert.equal(await writeInto(volume), 201);
    });

    it("is put back once Azure answers again, and meanwhile nobody relies on it", async () => {
      app.emulator.faults.add({
        match: { service: "arm", method: "GET", operation: "roleAssignments/get" },
        times: 4,
        action: { status: 403, code: "AuthorizationFailed", message: "no" },
      });
      const failed = app.untilTask();
      const volume = await create(app, request());
      assert.equal(await failed, "failed");
      assert.match(app.log(), /"message":"background task failed, and will be tried again".*"task":"access-check"/);
      await assert.rejects(
        create(app, request()),
        /AuthorizationFailed/,
        "the next volume asks Azure, as if for the first time",
      );
      app.emulator.faults.clear();
      const checked = app.untilTask();
      await app.time.advance(4 * KEY_PACE_MS);
      assert.equal(await checked, "done");
      assert.deepEqual(assigned(), [principal()]);
      assert.equal(await writeInto(volume), 201);
    });

    it("stays away where the new volume is gone too", async () => {
      app.emulator.faults.add({
        match: { service: "arm", method: "GET", operation: "roleAssignments/get" },
        action: { status: 403, code: "AuthorizationFailed", message: "no" },
      });
      const failed = app.untilTask();
      const volume = await create(app, request());
      assert.equal(await failed, "failed");
      await remove(other, volume);
      const checked = app.untilTask();
      await app.time.advance(4 * KEY_PACE_MS);
      assert.equal(await checked, "done");
      assert.deepEqual(assigned(), []);
    });
  });

  it("that this replica has removed itself is not relied on: the next volume has its own when it is answered", async () => {
    await remove(app, await create(app, request()));
    assert.deepEqual(assigned(), []);
    // A check would need this list before it puts anything back.
    app.emulator.faults.add({ match: { service: "arm", operation: "containers/list" }, action: { hang: "forever" } });
    await create(app, request());
    assert.deepEqual(assigned(), [principal()]);
  });
});
