// What large clusters need: with grantScope account there is one role assignment for each identity and account, however many
// volumes there are. Azure never raises its limit of 4,000 in a subscription.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { create, type EmulatedApp, startEmulatedApp } from "../support/emulated-app.ts";
import { createFakeCluster, type FakeCluster } from "../support/fake-cluster.ts";
import { atOnce } from "./support/at-once.ts";
import { report } from "./support/figures.ts";
import { requestOf } from "./support/modes.ts";

const VOLUMES = 5_000;
const IDENTITIES = 10;
const AT_ONCE = 100;

describe("thousands of volumes of a few identities", function () {
  this.timeout(600_000);
  let app: EmulatedApp;
  let cluster: FakeCluster;
  before(async () => {
    app = await startEmulatedApp([], {
      clusterFor: ({ issuer }) => {
        cluster = createFakeCluster(issuer.issuer);
        return cluster;
      },
    });
    cluster.namespaces.set("tenant", "uid-of-tenant");
  });
  after(() => app?.stop());

  it(`need one role assignment for each identity and account: ${VOLUMES} volumes of ${IDENTITIES} identities`, async () => {
    const { world } = app.emulator;
    const [template] = world.principals.values();
    const identities = Array.from({ length: IDENTITIES }, () => ({
      clientID: randomUUID(),
      principalID: randomUUID(),
    }));
    for (const { clientID, principalID } of identities) {
      world.principals.set(principalID, { ...template, id: principalID, clientId: clientID } as never);
    }
    const begun = performance.now();
    const ids = await atOnce(AT_ONCE, VOLUMES, async (number) => {
      const uid = randomUUID();
      cluster.claims.set(`tenant/${uid}`, { uid, isBoundLate: false });
      const request = requestOf(app.emulator, `pvc-${uid}`, {
        ...identities[number % IDENTITIES],
        isolation: "namespace",
        grantScope: "account",
        poolSize: "2",
        "csi.storage.k8s.io/pvc/name": uid,
        "csi.storage.k8s.io/pvc/namespace": "tenant",
      });
      return (await create(app, request)).volume_id;
    });
    const seconds = (performance.now() - begun) / 1000;
    const accounts = new Set(ids.map((id) => id.split("#")[1]));
    const assignments = [...world.roleAssignments.values()].filter(({ scope }) => scope.includes("/storageAccounts/"));
    const pairs = new Set(assignments.map(({ scope, principalId }) => `${scope}|${principalId}`));
    assert.equal(new Set(ids).size, VOLUMES);
    assert.equal(world.containers.size, VOLUMES);
    assert.equal(accounts.size, 2);
    assert.equal(assignments.length, IDENTITIES * accounts.size);
    assert.equal(pairs.size, assignments.length, "one for each identity and account");
    assert(assignments.every(({ scope }) => !scope.includes("/containers/")));
    const rate = Math.round(VOLUMES / seconds);
    report(
      12,
      `${VOLUMES} volumes of ${IDENTITIES} identities: ${assignments.length} role assignments, ${rate} volumes/s`,
    );
  });
});
