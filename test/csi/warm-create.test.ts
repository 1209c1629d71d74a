// Every call that a volume costs once its account exists and another volume has made Azure's answers known, in each way to
// choose account, scope and identity, and by each API for containers; and what the same request costs a second time.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { KEY_PACE_MS } from "../../src/concurrency/follow-ups.ts";
import { startAppInCluster } from "../support/app-in-cluster.ts";
import { create, type EmulatedApp } from "../support/emulated-app.ts";
import type { FakeCluster } from "../support/fake-cluster.ts";
import { heldRoleAssignments } from "../support/held.ts";
import { SAFE_MOUNT } from "../support/safe-mount.ts";

const NAMESPACE = "demo";
const WITH_ACCOUNT = { isolation: "namespace", grantScope: "account" };
const ROLE_PUT = "arm PUT roleAssignments";
/** Two: of the role that is assigned now, and of that of earlier releases. */
const ROLE_GETS = ["arm GET roleAssignments", "arm GET roleAssignments"];
const APIS = {
  arm: { made: ["arm GET containers", "arm PUT containers"], again: ["arm GET containers"] },
  blob: { made: ["blob PUT containers"], again: ["blob PUT containers", "blob GET containers"] },
} as const;

interface Row {
  readonly what: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** Beside those for the container. */
  readonly made: readonly string[];
  readonly again: readonly string[];
}

const ROWS: readonly Row[] = [
  { what: "in a namespace's account, with the role at the account", parameters: WITH_ACCOUNT, made: [], again: [] },
  {
    what: "the same, of the ServiceAccount's identity",
    parameters: { ...WITH_ACCOUNT, identity: "serviceAccount" },
    made: [],
    again: [],
  },
  {
    what: "the same, of an identity whose principal the class states",
    parameters: { ...WITH_ACCOUNT, principalID: "of identity 0" },
    made: [],
    again: [],
  },
  {
    what: "the same, in an account with soft delete",
    parameters: { ...WITH_ACCOUNT, softDeleteBlobs: "7", softDeleteContainers: "7" },
    made: [],
    again: [],
  },
  { what: "in a pool", parameters: {}, made: [ROLE_PUT], again: ["arm GET roleAssignments"] },
  {
    what: "in a namespace's account",
    parameters: { isolation: "namespace" },
    made: [ROLE_PUT],
    again: ["arm GET roleAssignments"],
  },
];

for (const [api, container] of Object.entries(APIS)) {
  describe(`a further volume, with --container-api=${api}`, () => {
    let app: EmulatedApp;
    let cluster: FakeCluster;
    beforeEach(async () => {
      ({ app, cluster } = await startAppInCluster(["--container-api", api]));
      cluster.namespaces.set(NAMESPACE, "uid-demo");
      cluster.serviceAccounts.set(`${NAMESPACE}/workload-a`, identity(0).clientId);
    });
    afterEach(() => app.stop());

    const identity = (index: number) => app.emulator.info.identities[index] ?? assert.fail("no identity");

    function request({ principalID, ...parameters }: Record<string, string>, index = 0) {
      const uid = randomUUID();
      const isOfClaim = parameters["identity"] !== undefined;
      const claim = { uid, isBoundLate: false, ...(isOfClaim && { serviceAccount: "workload-a" }) };
      cluster.claims.set(`${NAMESPACE}/${uid}`, claim);
      return {
        name: `pvc-${uid}`,
        volume_capabilities: [{ mount: SAFE_MOUNT, access_mode: { mode: "SINGLE_NODE_WRITER" as const } }],
        parameters: {
          ...(!isOfClaim && { clientID: identity(index).clientId }),
          ...(principalID !== undefined && { principalID: identity(index).principalId }),
          ...parameters,
          "csi.storage.k8s.io/pvc/name": uid,
          "csi.storage.k8s.io/pvc/namespace": NAMESPACE,
        },
      };
    }

    /** Every call to the emulator, of whatever service, without the checks behind CreateVolume. */
    const calls = () =>
      app.emulator.calls
        .report()
        .calls.map(({ service, method, operation }) => `${service} ${method} ${operation.split("/")[0]}`);

    for (const { what, parameters, made, again } of ROWS) {
      it(`costs exactly these calls, and once more exactly these: ${what}`, async () => {
        // Two: the check behind the second one is the last for as long as nothing advances the time.
        await create(app, request(parameters));
        const isRemembered = parameters["grantScope"] === "account";
        const checked = isRemembered ? app.untilTask() : undefined;
        await create(app, request(parameters));
        await checked;
        app.forgetCalls();
        const asked = request(parameters);
        const volume = await create(app, asked);
        assert.deepEqual(calls(), [...container.made, ...made]);
        app.forgetCalls();
        assert.deepEqual(await create(app, asked), volume);
        assert.deepEqual(calls(), [...container.again, ...again]);
        app.forgetCalls();
        if (!isRemembered) return;
        await Promise.all([app.untilTask(), app.time.advance(KEY_PACE_MS)]);
        assert.deepEqual(calls(), ["arm GET roleAssignments"], "one check for both");
      });
    }

    it("costs one call of a hundred that come together, and two reads behind them", async () => {
      await create(app, request(WITH_ACCOUNT, 1));
      app.forgetCalls();
      const volumes = await Promise.all(Array.from({ length: 100 }, () => create(app, request(WITH_ACCOUNT))));
      await app.time.advance(KEY_PACE_MS);
      const roleCalls = calls().filter((call) => call.endsWith("roleAssignments"));
      assert.equal(roleCalls.filter((call) => call === ROLE_PUT).length, 1);
      assert(roleCalls.length <= 1 + ROLE_GETS.length + 2, roleCalls.join());
      assert.equal(new Set(volumes.map(({ volume_id: id }) => id)).size, 100);
      const { principalId } = identity(0);
      assert.equal(
        heldRoleAssignments(app.emulator.world).filter(
          (each) => each.principalId === principalId && each.scope.includes("/storageAccounts/"),
        ).length,
        1,
      );
    });
  });
}
