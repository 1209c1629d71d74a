// With grantScope account the role assignment is remembered (warm-create.test.ts counts the calls): no volume is left without
// access when another replica takes it away meanwhile, since it is read again behind each use, and put back.
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

for (const api of ["arm", "blob"] as const)
  describe(`a role assignment at an account, with --container-api=${api}`, () => {
    let app: EmulatedApp;
    /** Another replica of the same cluster, at the same Azure. */
    let other: EmulatedApp;
    let cluster: FakeCluster;
    beforeEach(async () => {
      const clusters: FakeCluster[] = [];
      const options: EmulatedAppOptions = {
        clusterFor({ issuer }) {
          clusters.push(clusters[0] ?? createFakeCluster(issuer.issuer));
          return clusters[0] ?? assert.fail();
        },
        patience: { retryDelayMs: 5 },
      };
      const flags = ["--container-api", api];
      app = await startEmulatedApp(flags, options);
      other = await startEmulatedApp(flags, { ...options, emulator: app.emulator });
      cluster = clusters[0] ?? assert.fail("the services asked for no cluster");
      cluster.namespaces.set(NAMESPACE, "uid-demo");
    });
    afterEach(async () => {
      app.emulator.faults.clear();
      await other.stop();
      await app.stop();
    });

    function request(parameters: Readonly<Record<string, string>> = {}) {
      const uid = randomUUID();
      cluster.claims.set(`${NAMESPACE}/${uid}`, { uid, isBoundLate: false });
      return {
        name: `pvc-${uid}`,
        volume_capabilities: [{ mount: SAFE_MOUNT, access_mode: { mode: "SINGLE_NODE_WRITER" as const } }],
        parameters: {
          clientID: clientId(),
          isolation: "namespace",
          grantScope: "account",
          "csi.storage.k8s.io/pvc/name": uid,
          "csi.storage.k8s.io/pvc/namespace": NAMESPACE,
          ...parameters,
        },
      };
    }
    const ofAnother = () => ({ clientID: app.emulator.info.identities[1]?.clientId ?? "" });
    const clientId = () => app.emulator.info.identities[0]?.clientId ?? "";
    const remove = (by: EmulatedApp, { volume_id: id }: Volume) => by.csi.controller("DeleteVolume", { volume_id: id });
    const assigned = () =>
      heldRoleAssignments(app.emulator.world)
        .filter(({ scope }) => scope.includes("/storageAccounts/"))
        .map(({ principalId }) => principalId);
    const principal = () => app.emulator.info.identities[0]?.principalId ?? "";
    const roleCalls = () => app.armCalls().filter(({ operation }) => operation.startsWith("roleAssignments"));

    /** What the workload of the first identity can do in the volume. */
    async function writeInto({ volume_context: context }: Volume): Promise<number> {
      const { blobEndpoint, authorityHost, tenantId, identities } = app.emulator.info;
      const { name = "" } = identities[0] ?? {};
      const container = containerFor(`${blobEndpoint}/${context["storageaccount"]}/${context["containerName"]}`, {
        clientId: clientId(),
        tenantId,
        authorityHost,
        serviceAccountToken: () => app.emulator.issuer.mint({ namespace: NAMESPACE, name }),
      });
      return (await write(container, "a", "text")).status;
    }

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
        assert.deepEqual(roleCalls(), [], "it is remembered as before");
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

      it("stays away where only a volume of another identity has come meanwhile", async () => {
        await emptyAgain();
        await remove(other, await create(app, request()));
        await create(app, request(ofAnother()));
        assert.equal(await app.app.stop(), "finished");
        assert.deepEqual(assigned(), [app.emulator.info.identities[1]?.principalId]);
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

    it("is checked without holding up a deletion, also while Azure does not answer", async () => {
      const last = await create(app, request());
      app.emulator.faults.add({
        match: { service: "arm", method: "GET", operation: "roleAssignments/get" },
        times: -1,
        action: { hang: "forever" },
      });
      let isChecked = false;
      void app.untilTask().then(() => {
        isChecked = true;
      });
      const volume = await create(app, request());
      await remove(app, last);
      await remove(app, volume);
      assert.deepEqual(assigned(), []);
      assert.equal(isChecked, false);
    });

    it("for one volume alone stays away once the volume is another identity's", async () => {
      const asked = request({ isolation: "volume" });
      for (let count = 0; count < 3; count++) await create(app, asked);
      await create(app, { ...asked, parameters: { ...asked.parameters, ...ofAnother() } });
      assert.equal(await app.app.stop(), "finished");
      assert.deepEqual(assigned(), [app.emulator.info.identities[1]?.principalId]);
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
