// What is taken from an account whose last volume goes, while another replica creates a volume in it.
import assert from "node:assert/strict";
import { createReadersWriterLock } from "../../../src/concurrency/readers-writer-lock.ts";
import { recordPrincipal } from "../../../src/volume/access/recorded-principals.ts";
import { cleanUpEmptied, removeBeforeEmptied } from "../../../src/volume/account/emptied-account.ts";
import type { Dependencies } from "../../../src/volume/dependencies.ts";
import { accountId } from "../../../src/volume/formats/arm-ids.ts";
import { roleAssignmentName } from "../../../src/volume/names.ts";
import type { Account, RoleAssignment } from "../../../src/volume/ports.ts";
import { createMemoryCloud, memoryBackend } from "../../support/memory-backend.ts";
import { SETTINGS } from "../../support/volume-settings.ts";

const REF = { subscriptionId: SETTINGS.subscriptionId, resourceGroup: "rg", name: "klaccount" };
const ACCOUNT: Account = {
  ref: REF,
  tags: { "keyless-csi.isolation": "namespace" },
  nonEntraAccess: [],
  isHnsEnabled: false,
};
const LAST = { account: REF, name: "last" };
const FORMER_ROLE = "ba92f5b4-2d11-453d-a403-e96b0029c9fe";

describe("role assignments at an account whose last volume goes", () => {
  let cloud: ReturnType<typeof createMemoryCloud>;
  let deps: Dependencies;
  beforeEach(async () => {
    cloud = createMemoryCloud();
    const { fileSystems, roleAssignments } = cloud;
    const ports = {
      fileSystems,
      roleAssignments,
      accountLock: createReadersWriterLock(),
      observer: { roleAssignmentRemoved: () => {} },
    };
    deps = { ports, settings: SETTINGS, backend: memoryBackend } as unknown as Dependencies;
    await fileSystems.create(LAST, { metadata: {}, sizeBytes: 1 });
  });

  function hold(digit: number, roleId = SETTINGS.roleId): RoleAssignment {
    const scope = accountId(REF);
    const principalId = `${digit}0000000-0000-4000-8000-000000000000`;
    const made = { name: roleAssignmentName(scope, principalId, roleId), scope, principalId, roleId };
    cloud.held.roleAssignments.set(made.name, made);
    return made;
  }
  const held = () =>
    [...cloud.held.roleAssignments.values()].map(({ principalId, roleId }) => `${principalId[0]} ${roleId}`);

  /** Another replica creates its volume right before the first role assignment goes, and relies on what it has found. */
  function createMeanwhile(metadata: Readonly<Record<string, string>> = {}): void {
    const { remove } = cloud.roleAssignments;
    cloud.roleAssignments.remove = async (assignment) => {
      await cloud.fileSystems.create({ account: REF, name: "other" }, { metadata, sizeBytes: 1 });
      return await remove(assignment);
    };
  }

  it("are back before anything else happens, when another volume has come meanwhile", async () => {
    const assignments = [hold(1)];
    createMeanwhile();
    assert.equal(await removeBeforeEmptied(deps, ACCOUNT, { fileSystem: LAST, assignments }), "in use");
    assert.deepEqual(held(), [`1 ${SETTINGS.roleId}`]);
  });

  it("are back for the identity of the volume that has come, and not for that of the one that goes", async () => {
    const [gone, come] = [hold(1), hold(2)];
    await cloud.fileSystems.setMetadata(LAST, recordPrincipal({}, gone.principalId));
    createMeanwhile(recordPrincipal({}, come.principalId));
    assert.equal(await removeBeforeEmptied(deps, ACCOUNT, { fileSystem: LAST, assignments: [gone, come] }), "in use");
    assert.deepEqual(held(), [`2 ${SETTINGS.roleId}`]);
  });

  it("are all back when nobody knows whose the other volume is", async () => {
    const assignments = [hold(1), hold(2)];
    createMeanwhile(recordPrincipal({}, hold(3).principalId));
    cloud.fileSystems.list = () => Promise.reject(new Error("no answer"));
    assert.equal(await removeBeforeEmptied(deps, ACCOUNT, { fileSystem: LAST, assignments }), "in use");
    assert.equal(held().length, 3);
  });

  it("are all put back, although one may not be assigned any more", async () => {
    const assignments = [hold(1, FORMER_ROLE), hold(2)];
    createMeanwhile();
    await cloud.fileSystems.remove(LAST);
    const { create } = cloud.roleAssignments;
    cloud.roleAssignments.create = async (assignment, description) => {
      if (assignment.roleId === FORMER_ROLE) throw new Error("refused");
      return await create(assignment, description);
    };
    await assert.rejects(cleanUpEmptied(deps, ACCOUNT, { assignments }), /refused/);
    assert.deepEqual(held(), [`2 ${SETTINGS.roleId}`]);
  });

  it("are back when one of them could not be removed", async () => {
    const assignments = [hold(1), hold(2, FORMER_ROLE)];
    createMeanwhile();
    await cloud.fileSystems.remove(LAST);
    const { remove } = cloud.roleAssignments;
    cloud.roleAssignments.remove = async (assignment) => {
      if (assignment.roleId === FORMER_ROLE) throw new Error("refused");
      return await remove(assignment);
    };
    await assert.rejects(cleanUpEmptied(deps, ACCOUNT, { assignments }), /refused/);
    assert.deepEqual(held().sort(), [`1 ${SETTINGS.roleId}`, `2 ${FORMER_ROLE}`].sort());
  });

  it("are gone when none has come", async () => {
    const assignments = [hold(1)];
    assert.deepEqual(await removeBeforeEmptied(deps, ACCOUNT, { fileSystem: LAST, assignments }), assignments);
    assert.deepEqual(held(), []);
  });
});
