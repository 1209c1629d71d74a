// The memory of role assignments at accounts: what it takes, and what ends it.
import assert from "node:assert/strict";
import { rememberRoleAssignments } from "../../../src/volume/access/remembered-assignments.ts";
import { ourRoleAssignment } from "../../../src/volume/access/role-assignments.ts";
import { accountId } from "../../../src/volume/formats/arm-ids.ts";
import type { RoleAssignments } from "../../../src/volume/ports.ts";
import { createMemoryCloud, type MemoryCloud } from "../../support/memory-backend.ts";
import { PRINCIPAL, SETTINGS } from "../../support/volume-settings.ts";

const ACCOUNT = { subscriptionId: SETTINGS.subscriptionId, resourceGroup: "rg", name: "klaccount" };
const OWN = ourRoleAssignment(accountId(ACCOUNT), { principalId: PRINCIPAL, roleId: SETTINGS.roleId });
const REMEMBER_MS = 300_000;

describe("a role assignment at an account", () => {
  let cloud: MemoryCloud;
  let port: RoleAssignments;
  let now: number;
  beforeEach(() => {
    cloud = createMemoryCloud();
    now = 1_000;
    port = rememberRoleAssignments(cloud.roleAssignments, { rememberMs: REMEMBER_MS, now: () => now });
  });
  const find = () => port.find(OWN.scope, OWN.name);

  it("is remembered once it was created or found, and for the time of the memory", async () => {
    await find();
    assert.equal(port.remembered(OWN), false, "it does not exist");
    await port.create(OWN, "");
    now += REMEMBER_MS - 1;
    assert.equal(port.remembered(OWN), true);
    now += 1;
    assert.equal(port.remembered(OWN), false);
    await find();
    assert.equal(port.remembered(OWN), true);
    assert.equal(port.remembered({ ...OWN, name: OWN.name.toUpperCase(), scope: OWN.scope.toUpperCase() }), true);
  });

  it("is not where it has another name, is at a container, or states something else", async () => {
    cloud.roleAssignments.create = async () => "adopted";
    port = rememberRoleAssignments(cloud.roleAssignments, { rememberMs: REMEMBER_MS, now: () => now });
    await port.create(OWN, "");
    assert.equal(port.remembered(OWN), false);
    const below = ourRoleAssignment(`${OWN.scope}/blobServices/default/containers/c`, OWN);
    cloud.held.roleAssignments.set(below.name, below);
    await port.find(below.scope, below.name);
    assert.equal(port.remembered(below), false);
    cloud.held.roleAssignments.set(OWN.name, { ...OWN, principalId: "somebody" });
    await find();
    assert.equal(port.remembered(OWN), false);
  });

  it("is forgotten when it is removed, also where that may have failed", async () => {
    await port.create(OWN, "");
    await port.remove(OWN);
    assert.equal(port.remembered(OWN), false);
    await port.create(OWN, "");
    assert.equal(port.remembered(OWN), false, "by this clock it was asked for no later");
    now += 1;
    await port.create(OWN, "");
    cloud.roleAssignments.remove = async () => Promise.reject(new Error("no answer"));
    port = rememberRoleAssignments(cloud.roleAssignments, { rememberMs: REMEMBER_MS, now: () => now });
    await port.create(OWN, "");
    await assert.rejects(port.remove(OWN), /no answer/);
    assert.equal(port.remembered(OWN), false);
  });

  it("is forgotten when it is not there any more, and when nobody knows", async () => {
    await port.create(OWN, "");
    cloud.held.roleAssignments.clear();
    await find();
    assert.equal(port.remembered(OWN), false);
    await port.create(OWN, "");
    assert.equal(port.remembered(OWN), true);
    const { find: read } = cloud.roleAssignments;
    let fails = true;
    cloud.roleAssignments.find = async (...asked) => (fails ? Promise.reject(new Error("no answer")) : read(...asked));
    port = rememberRoleAssignments(cloud.roleAssignments, { rememberMs: REMEMBER_MS, now: () => now });
    await port.create(OWN, "");
    await assert.rejects(find(), /no answer/);
    assert.equal(port.remembered(OWN), false);
    fails = false;
    await find();
    assert.equal(port.remembered(OWN), true);
  });

  it("is not remembered by an answer that may be older than its removal", async () => {
    await port.create(OWN, "");
    const asked = Promise.withResolvers<void>();
    cloud.roleAssignments.find = async () => {
      await asked.promise;
      return OWN;
    };
    port = rememberRoleAssignments(cloud.roleAssignments, { rememberMs: REMEMBER_MS, now: () => now });
    const found = find();
    now += 1;
    await port.remove(OWN);
    now += 1;
    asked.resolve();
    await found;
    assert.equal(port.remembered(OWN), false);
  });
});
