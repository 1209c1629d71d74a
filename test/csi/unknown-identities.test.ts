// Tenants write client ids and choose ServiceAccounts: what does not exist must not cause a call to Azure for each claim.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { status } from "@grpc/grpc-js";
import { startAppInCluster } from "../support/app-in-cluster.ts";
import { create, type EmulatedApp } from "../support/emulated-app.ts";
import type { FakeCluster } from "../support/fake-cluster.ts";
import { refused } from "../support/refused.ts";
import { SAFE_MOUNT } from "../support/safe-mount.ts";

describe("claims of one tenant that nobody may serve", () => {
  let app: EmulatedApp;
  let cluster: FakeCluster;
  beforeEach(async () => {
    ({ app, cluster } = await startAppInCluster());
  });
  afterEach(() => app.stop());

  /** A claim that names a ServiceAccount with this client id. */
  function claimFor(serviceAccount: string, clientId: string) {
    const uid = randomUUID();
    cluster.claims.set(`demo/${uid}`, { uid, isBoundLate: false, serviceAccount });
    cluster.serviceAccounts.set(`demo/${serviceAccount}`, clientId);
    return {
      name: `pvc-${uid}`,
      volume_capabilities: [{ mount: SAFE_MOUNT, access_mode: { mode: "SINGLE_NODE_WRITER" as const } }],
      parameters: {
        identity: "serviceAccount",
        "csi.storage.k8s.io/pvc/name": uid,
        "csi.storage.k8s.io/pvc/namespace": "demo",
      },
    };
  }
  const isRefused = (request: ReturnType<typeof claimFor>, message: RegExp) =>
    refused(app.csi.controller("CreateVolume", request), status.FAILED_PRECONDITION, message);
  const lists = (kind: string) => app.armCalls().filter(({ operation }) => operation === `${kind}/list`).length;
  const clientId = () => app.emulator.info.identities[0]?.clientId ?? assert.fail("no identity");

  it("with 40 unknown client ids cause one list of identities, and a known one is still served", async () => {
    const unknown = Array.from({ length: 40 }, (_, index) => claimFor(`app-${index}`, randomUUID()));
    for (const request of unknown.slice(0, 20)) await isRefused(request, /is not a user-assigned identity/);
    await Promise.all(unknown.slice(20).map((request) => isRefused(request, /is not a user-assigned identity/)));
    for (const request of unknown) await isRefused(request, /is not a user-assigned identity/);
    assert.equal(lists("identities"), 1);
    await create(app, claimFor("workload-a", clientId()));
    assert.equal(lists("identities"), 1);
  });

  it("with 40 ServiceAccounts that an identity does not trust cause one list of its credentials", async () => {
    const foreign = Array.from({ length: 40 }, (_, index) => claimFor(`app-${index}`, clientId()));
    for (const request of foreign) await isRefused(request, /does not trust system:serviceaccount:demo:app-/);
    assert.equal(lists("federatedCredentials"), 1);
    await create(app, claimFor("workload-a", clientId()));
    assert.equal(lists("federatedCredentials"), 1);
  });
});
