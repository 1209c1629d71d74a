// An installation that v0.1.0 made (commit 5002a00: no mark, no place of the account in the metadata) is this version's:
// listed, repeated, expanded and deleted, and nothing is renamed.
import assert from "node:assert/strict";
import { create, type EmulatedApp, startEmulatedApp } from "../support/emulated-app.ts";
import { createFakeCluster } from "../support/fake-cluster.ts";
import { heldContainers, heldRoleAssignments } from "../support/held.ts";
import { SAFE_MOUNT } from "../support/safe-mount.ts";
import { install, readInstallation } from "./installation.ts";

const MADE_BEFORE = readInstallation("v0.1.0");
const GIB = 2 ** 30;
const { volumes } = MADE_BEFORE;

describe("an installation of v0.1.0", () => {
  let app: EmulatedApp;
  before(async () => {
    app = await startEmulatedApp([], {
      clusterFor: ({ issuer }) => {
        const cluster = createFakeCluster(issuer.issuer);
        cluster.namespaces.set("kube-system", "8a1f5c52-43a5-4a0e-93c1-0f6a2f1d7e10");
        cluster.namespaces.set("team", MADE_BEFORE.namespaceUid);
        for (const { claim } of volumes)
          cluster.claims.set(`${claim.namespace}/${claim.name}`, { uid: claim.uid, isBoundLate: false });
        return cluster;
      },
    });
    await install(app.emulator, MADE_BEFORE);
  });
  after(() => app.stop());

  const accountNames = () => [...app.emulator.world.accounts.keys()].sort();
  const assignmentNames = () =>
    heldRoleAssignments(app.emulator.world)
      .filter(({ scope }) => scope.includes("/storageAccounts/"))
      .map(({ name }) => name)
      .sort();
  const recordedNames = MADE_BEFORE.roleAssignments.map(({ id }) => id.split("/").at(-1) ?? "").sort();

  it("lists its volumes", async () => {
    const { entries } = await app.csi.controller("ListVolumes", {});
    assert.deepEqual(
      entries.map(({ volume }) => `${volume?.volume_id} ${volume?.capacity_bytes}`).sort(),
      volumes.map(({ id }) => `${id} ${GIB}`).sort(),
    );
  });

  for (const [index, { id, context, request }] of volumes.entries()) {
    const { isolation, grantScope = "container" } = request.parameters ?? {};
    it(`answers a repeated CreateVolume with the same volume: ${isolation}, ${grantScope}, ${index % 2}`, async () => {
      const volume_capabilities = [{ mount: SAFE_MOUNT, access_mode: { mode: "SINGLE_NODE_WRITER" as const } }];
      const repeated = await create(app, { ...request, volume_capabilities });
      assert.equal(repeated.volume_id, id);
      for (const key of ["clientID", "tenantID", "storageaccount", "containerName", "resourcegroup"])
        assert.equal(repeated.volume_context[key], context[key], key);
    });
  }

  it("keeps its accounts and role assignments, under their names", () => {
    assert.deepEqual(accountNames(), MADE_BEFORE.accounts.map(({ id }) => id.split("/").at(-1)).sort());
    assert.deepEqual(assignmentNames(), recordedNames);
    assert.equal(heldContainers(app.emulator.world).length, volumes.length);
  });

  it("expands its volumes", async () => {
    for (const { id: volume_id } of volumes) {
      const capacity_range = { required_bytes: String(2 * GIB) };
      await app.csi.controller("ControllerExpandVolume", { volume_id, capacity_range });
    }
    const sizes = heldContainers(app.emulator.world).map(({ metadata }) => metadata["keyless_size_bytes"]);
    assert.deepEqual(new Set(sizes), new Set([String(2 * GIB)]));
  });

  it("deletes its volumes, with their role assignments and the accounts of one volume", async () => {
    for (const { id: volume_id } of volumes) await app.csi.controller("DeleteVolume", { volume_id });
    assert.deepEqual(heldContainers(app.emulator.world), []);
    assert.deepEqual(assignmentNames(), []);
    const shared = MADE_BEFORE.accounts.filter(({ tags }) => tags["keyless-csi.isolation"] !== "volume");
    assert.deepEqual(accountNames(), shared.map(({ id }) => id.split("/").at(-1)).sort());
  });
});
