// The event that says why the first pods may not mount yet: on the claim whose role assignment was just made, and on no other.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { create, type EmulatedApp, startEmulatedApp } from "../support/emulated-app.ts";
import { createFakeCluster, type FakeCluster } from "../support/fake-cluster.ts";
import { heldRoleAssignments } from "../support/held.ts";
import { SAFE_MOUNT } from "../support/safe-mount.ts";

const SHARED = { isolation: "namespace", grantScope: "account" };

describe("the event AccessPending", () => {
  let app: EmulatedApp;
  let cluster: FakeCluster;
  beforeEach(async () => {
    app = await startEmulatedApp([], {
      clusterFor: ({ issuer }) => {
        cluster = createFakeCluster(issuer.issuer);
        cluster.namespaces.set("team", "uid-team");
        return cluster;
      },
    });
  });
  afterEach(() => app.stop());

  const clientId = (index: number) => app.emulator.info.identities[index]?.clientId ?? assert.fail("no identity");
  const principal = (index: number) => app.emulator.info.identities[index]?.principalId ?? assert.fail("no identity");
  const granted = (index: number) =>
    heldRoleAssignments(app.emulator.world).filter(
      ({ principalId, description }) => principalId === principal(index) && description?.startsWith("keyless-csi"),
    ).length;
  const told = () => cluster.notices.map(({ namespace, name, reason }) => `${namespace}/${name} ${reason}`).sort();

  /** A claim of the cluster, as csi-provisioner asks for its volume. */
  function claim(name: string, parameters: Record<string, string> = {}) {
    const uid = randomUUID();
    cluster.claims.set(`team/${name}`, { uid, isBoundLate: false });
    return {
      name: `pvc-${uid}`,
      volume_capabilities: [{ mount: SAFE_MOUNT, access_mode: { mode: "SINGLE_NODE_WRITER" as const } }],
      parameters: {
        clientID: clientId(0),
        ...parameters,
        "csi.storage.k8s.io/pvc/name": name,
        "csi.storage.k8s.io/pvc/namespace": "team",
      },
    };
  }

  it("says for whom the volume was opened, what pods show until then, for how long, and that there is nothing to do", async () => {
    await create(app, claim("data"));
    assert.deepEqual(told(), ["team/data AccessPending"]);
    const [{ message } = assert.fail("no event")] = cluster.notices;
    assert.match(message, new RegExp(`client id ${clientId(0)} just now`));
    assert.match(message, /up to 10 minutes.*FailedMount with 403 \(AuthorizationPermissionMismatch\).*nothing to do$/);
    assert.deepEqual(cluster.warnings, []);
  });

  it("is not written again for a repeated CreateVolume, whose role assignment exists", async () => {
    const request = claim("data");
    await create(app, request);
    await create(app, request);
    assert.deepEqual(told(), ["team/data AccessPending"]);
  });

  it("is written for an attempt that follows one that failed before its role was assigned", async () => {
    const request = claim("data");
    app.emulator.faults.add({ match: { operation: "roleAssignments/create" }, action: { status: 403 } });
    await assert.rejects(create(app, request));
    assert.deepEqual(told(), []);
    await create(app, request);
    assert.deepEqual(told(), ["team/data AccessPending"]);
  });

  it("is written for each claim that a role is assigned for, and for none that shares one", async () => {
    await create(app, claim("first", SHARED));
    await create(app, claim("second", SHARED));
    await create(app, claim("other-identity", { ...SHARED, clientID: clientId(1) }));
    assert.deepEqual(told(), ["team/first AccessPending", "team/other-identity AccessPending"]);
    assert.deepEqual([granted(0), granted(1)], [1, 1]);
  });

  it("holds up no volume: neither while the API server does not answer, nor when it refuses", async () => {
    Object.assign(cluster, { informClaim: () => new Promise(() => undefined) });
    await create(app, claim("unanswered"));
    Object.assign(cluster, { informClaim: () => Promise.reject(new Error("events are forbidden")) });
    await create(app, claim("refused"));
    assert.equal(granted(0), 2);
  });
});
