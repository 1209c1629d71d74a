// Which role assignments at an account are a former one's: older than the account, and ours.
import assert from "node:assert/strict";
import { createFormerAccounts } from "../../../src/volume/account/former-accounts.ts";
import type { Dependencies } from "../../../src/volume/dependencies.ts";
import { accountId } from "../../../src/volume/formats/arm-ids.ts";
import { roleAssignmentName } from "../../../src/volume/names.ts";
import type { Account, RoleAssignment } from "../../../src/volume/ports.ts";
import { createMemoryCloud, memoryBackend } from "../../support/memory-backend.ts";
import { SETTINGS } from "../../support/volume-settings.ts";

const REF = { subscriptionId: SETTINGS.subscriptionId, resourceGroup: "rg", name: "klaccount" };
const CREATED_AT = 1_000_000;
const ACCOUNT: Account = { ref: REF, tags: {}, nonEntraAccess: [], isHnsEnabled: false, createdAtMs: CREATED_AT };
const [OLDER, YOUNGER] = [CREATED_AT - 1, CREATED_AT + 1];

describe("role assignments of a former account", () => {
  let cloud: ReturnType<typeof createMemoryCloud>;
  let lists: number;
  beforeEach(() => {
    cloud = createMemoryCloud();
    lists = 0;
    const list = cloud.roleAssignments.listAtAndBelow;
    cloud.roleAssignments.listAtAndBelow = async (scope) => {
      lists += 1;
      return await list(scope);
    };
  });

  /** As a process begins. */
  const start = () => {
    const ports = { roleAssignments: cloud.roleAssignments, observer: { roleAssignmentRemoved: () => {} } };
    return createFormerAccounts({ ports, settings: SETTINGS, backend: memoryBackend } as unknown as Dependencies);
  };
  function hold(digit: number, createdAtMs: number | undefined, changes: Partial<RoleAssignment> = {}): string {
    const scope = changes.scope ?? accountId(REF);
    const principalId = `${digit}0000000-0000-4000-8000-000000000000`;
    const { roleId } = SETTINGS;
    const name = roleAssignmentName(scope, principalId, roleId);
    const made = { name, scope, principalId, roleId, ...(createdAtMs !== undefined && { createdAtMs }), ...changes };
    cloud.held.roleAssignments.set(made.name, made);
    return made.name;
  }
  const held = () => [...cloud.held.roleAssignments.keys()];

  it("are those that are older than the account, in whichever process it is first used", async () => {
    hold(1, OLDER);
    const kept = [hold(2, YOUNGER), hold(3, CREATED_AT), hold(4, undefined)];
    await start().clear(ACCOUNT);
    assert.deepEqual(held(), kept);
    await start().clear(ACCOUNT);
    assert.deepEqual(held(), kept);
    assert.equal(lists, 2);
  });

  it("are ours alone", async () => {
    const name = hold(1, OLDER, { name: "12345678-1234-4234-8234-123456789012" });
    await start().clear(ACCOUNT);
    assert.deepEqual(held(), [name]);
  });

  it("below the account are left until their file system exists again", async () => {
    const scope = memoryBackend.scopeOf({ account: REF, name: "b" });
    hold(1, OLDER, { scope });
    hold(2, YOUNGER, { scope });
    const former = start();
    await former.clear(ACCOUNT);
    assert.equal(held().length, 2);
    assert.deepEqual(
      former.leftAt(REF, scope.toUpperCase()).map(({ createdAtMs }) => createdAtMs),
      [OLDER],
    );
    assert.deepEqual(former.leftAt(REF, `${scope}c`), []);
  });

  it("are looked for once in a process, again after a failure, and again when the account is another one", async () => {
    const former = start();
    cloud.roleAssignments.listAtAndBelow = async () => Promise.reject(new Error("no answer"));
    await assert.rejects(former.clear(ACCOUNT), { isUnfinished: true });
    cloud.roleAssignments.listAtAndBelow = async () => {
      lists += 1;
      return [];
    };
    await Promise.all([former.clear(ACCOUNT), former.clear(ACCOUNT)]);
    await former.clear(ACCOUNT);
    assert.equal(lists, 1);
    await former.clear({ ...ACCOUNT, createdAtMs: CREATED_AT + 9 });
    assert.equal(lists, 2);
  });

  it("cannot be told where ARM does not state the account's age", async () => {
    const { createdAtMs: _, ...ageless } = ACCOUNT;
    hold(1, OLDER);
    await start().clear(ageless);
    assert.equal(held().length, 1);
  });
});
