// How long a role that ARM has confirmed is taken to exist.
import assert from "node:assert/strict";
import { createRoleAssignments } from "../../../src/azure/role-assignments.ts";
import { type EmulatedArm, startEmulatedArm } from "../../support/emulated-arm.ts";

const REMEMBER_MS = 300_000;

describe("a role that ARM has confirmed", () => {
  let azure: EmulatedArm;
  before(async () => {
    azure = await startEmulatedArm();
  });
  after(() => azure.stop());

  it("is read again once its time is over, however often it was asked for meanwhile", async () => {
    const { world, info } = azure.emulator;
    const [roleId = ""] = [...world.roleDefinitions.keys()];
    const { arm, now, clock } = azure;
    const rolesCommand = () => "keyless-csi roles";
    const roles = createRoleAssignments({ arm, roleIds: [roleId], rolesCommand, rememberMs: REMEMBER_MS, now });
    const find = () => roles.findRole(info, [roleId]);
    assert.equal(await find(), roleId);
    world.roleDefinitions.delete(roleId);
    for (let times = 0; times < 3; times++) {
      clock.ms += REMEMBER_MS / 4;
      assert.equal(await find(), roleId);
    }
    clock.ms += REMEMBER_MS / 4;
    await assert.rejects(find(), { reason: "Unavailable" });
  });
});
