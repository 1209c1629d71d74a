// DeleteVolume over real gRPC, against the emulator: what goes, what stays, and what is never touched.
import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import { create, createRequest, type EmulatedApp, startEmulatedApp } from "../support/emulated-app.ts";
import { heldContainers, heldRoleAssignments } from "../support/held.ts";
import { refused } from "../support/refused.ts";

describe("DeleteVolume", () => {
  let app: EmulatedApp;
  before(async () => {
    app = await startEmulatedApp();
  });
  after(() => app.stop());

  const remove = (id: string) => app.csi.controller("DeleteVolume", { volume_id: id });
  const isLive = (assignment: { effectiveUntil?: number } | undefined) =>
    assignment !== undefined && assignment.effectiveUntil === undefined;
  const live = () => ({
    containers: heldContainers(app.emulator.world).length,
    assignments: heldRoleAssignments(app.emulator.world).length,
    accounts: app.emulator.world.accounts.size,
  });

  it("removes role assignment and container, and keeps the pool's account", async () => {
    const first = await create(app, createRequest(app.emulator));
    const before = live();
    const volume = await create(app, createRequest(app.emulator));
    await remove(volume.volume_id);
    assert.deepEqual(live(), before);
    await remove(first.volume_id);
  });

  it("an id that was deleted, or that never was, is a success", async () => {
    const volume = await create(app, createRequest(app.emulator));
    await remove(volume.volume_id);
    await remove(volume.volume_id);
    app.forgetCalls();
    await remove("fake-vol-id");
    await remove(volume.volume_id.replace("#kl", "#KL"));
    assert.deepEqual(app.armCalls(), [], "an id of another form needs no call");
    await remove(volume.volume_id.replace(/#kl[a-z2-7]{22}#/, "#klaaaaaaaaaaaaaaaaaaaaaa#"));
  });

  it("no id is INVALID_ARGUMENT", () => refused(remove(""), status.INVALID_ARGUMENT, /volume_id is missing/));

  it("an account that is not ours is never touched, also when somebody copied our tags onto it", async () => {
    const volume = await create(app, createRequest(app.emulator, { tags: "test=foreign" }));
    const [, name = ""] = volume.volume_id.split("#");
    const ours = app.emulator.world.accounts.get(name) ?? assert.fail();
    const foreign = "klbbbbbbbbbbbbbbbbbbbbbb";
    const id = ours.id.replace(name, foreign);
    app.emulator.world.accounts.set(foreign, { ...ours, id, name: foreign, tags: { ...ours.tags } });
    const before = live();
    app.forgetCalls();
    await refused(
      remove(volume.volume_id.replace(name, foreign)),
      status.FAILED_PRECONDITION,
      /was not made by this controller .* nothing was touched/,
    );
    assert.deepEqual(live(), before);
    assert(app.armCalls().every(({ method }) => method === "GET"));
    app.emulator.world.accounts.delete(foreign);
  });

  it("another subscription or resource group is refused without a call", async () => {
    const volume = await create(app, createRequest(app.emulator));
    const { subscriptionId } = app.emulator.info;
    app.forgetCalls();
    const elsewhere = volume.volume_id.replace(subscriptionId, "99999999-9999-4999-8999-999999999999");
    await refused(remove(elsewhere), status.FAILED_PRECONDITION, /not one that the operator allows/);
    await refused(
      remove(volume.volume_id.replace("keyless#", "other#")),
      status.FAILED_PRECONDITION,
      /not one that the operator/,
    );
    assert.deepEqual(app.armCalls(), []);
  });

  it("role assignments that an administrator made on the container stay", async () => {
    const { emulator } = app;
    const volume = await create(app, createRequest(emulator));
    const [ours] = [...emulator.world.roleAssignments.values()].filter(({ scope }) =>
      scope.endsWith(volume.volume_id.split("#")[2] ?? "-"),
    );
    if (ours === undefined) assert.fail("no role assignment");
    const name = "12345678-1234-4234-8234-123456789012";
    const principalId = emulator.info.identities[1]?.principalId ?? "";
    emulator.world.roleAssignments.set(name, { ...ours, name, principalId });
    await remove(volume.volume_id);
    assert(isLive(emulator.world.roleAssignments.get(name)), "the administrator's stays");
    assert(!isLive(emulator.world.roleAssignments.get(ours.name)), "ours is gone");
  });

  it("the container stays while a role assignment cannot be removed, and the retry finishes", async () => {
    const { emulator } = app;
    const volume = await create(app, createRequest(emulator));
    const key = volume.volume_id.split("#").slice(1, 3).join("/");
    emulator.faults.add({
      match: { service: "arm", method: "DELETE", path: "roleAssignments" },
      action: { status: 403, code: "AuthorizationFailed", message: "no" },
    });
    await refused(remove(volume.volume_id), status.UNAVAILABLE, /removing role assignment .*AuthorizationFailed/);
    assert(emulator.world.containers.has(key));
    await remove(volume.volume_id);
    const container = emulator.world.containers.get(key);
    assert(container === undefined || container.deletedUntil !== undefined, "the container is gone");
  });
});
