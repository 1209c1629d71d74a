// What large clusters need: grants at the account make one role assignment for each identity and account, however many
// volumes there are. Azure's limit of 4,000 in a subscription is never raised.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { create, type EmulatedApp, startEmulatedApp } from "../support/emulated-app.ts";
import { createFakeCluster, type FakeCluster } from "../support/fake-cluster.ts";
import { atOnce } from "./support/at-once.ts";
import { tell } from "./support/figures.ts";
import { requestOf } from "./support/modes.ts";

const VOLUMES = 5_000;
const IDENTITIES = 10;
const AT_ONCE = 100;

describe("thousands of volumes of a few identities", function () {
  this.timeout(600_000);
  let running: EmulatedApp;
  let cluster: FakeCluster;
  before(async () => {
    running = await startEmulatedApp([], {
      clusterFor: ({ issuer }) => {
        cluster = createFakeCluster(issuer.issuer);
        return cluster;
      },
    });
    cluster.namespaces.set("tenant", "uid-of-tenant");
  });
  after(() => running?.stop());

  it(`${VOLUMES} volumes of ${IDENTITIES} identities make one role assignment for each identity and account`, async () => {
    const { world } = running.emulator;
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
      const request = requestOf(running.emulator, `pvc-${uid}`, {
        ...identities[number % IDENTITIES],
        ...{ isolation: "namespace", grantScope: "account", poolSize: "2" },
        "csi.storage.k8s.io/pvc/name": uid,
        "csi.storage.k8s.io/pvc/namespace": "tenant",
      });
      return (await create(running, request)).volume_id;
    });
    const seconds = (performance.now() - begun) / 1000;
    const accounts = new Set(ids.map((id) => id.split("#")[1]));
    const grants = [...world.roleAssignments.values()].filter(({ scope }) => scope.includes("/storageAccounts/"));
    const pairs = new Set(grants.map(({ scope, principalId }) => `${scope}|${principalId}`));
    assert.equal(new Set(ids).size, VOLUMES);
    assert.equal(world.containers.size, VOLUMES);
    assert.equal(accounts.size, 2);
    assert.equal(grants.length, IDENTITIES * accounts.size);
    assert.equal(pairs.size, grants.length, "one for each identity and account");
    assert(grants.every(({ scope }) => !scope.includes("/containers/")));
    const rate = Math.round(VOLUMES / seconds);
    tell(12, `${VOLUMES} volumes of ${IDENTITIES} identities: ${grants.length} role assignments, ${rate} volumes/s`);
  });
});
