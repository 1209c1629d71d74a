// What permissions allow, and whose they are.
import assert from "node:assert/strict";
import type { DoctorContext } from "../../../src/doctor/ports.ts";
import { allows } from "../../../src/doctor/rights.ts";
import { isController } from "../../../src/doctor/signed-in.ts";

const READ = "Microsoft.Storage/storageAccounts/read";

describe("permissions", () => {
  for (const [actions, notActions, isAllowed] of [
    [[READ], [], true],
    [["microsoft.storage/STORAGEACCOUNTS/read"], [], true],
    [["*"], [], true],
    [["*/read"], [], true],
    [["Microsoft.Storage/*"], [], true],
    [["Microsoft.*/storage*/read"], [], true],
    [["Microsoft.Storage/storageAccounts/*/read"], [], false],
    [["Microsoft.Storage/storageAccounts/rea"], [], false],
    [["Microsoft.Storage/storageAccounts/read*read"], [], false],
    [["*/write"], [], false],
    [[], [], false],
    [["*"], ["*/read"], false],
    [["*"], ["Microsoft.Storage/storageAccounts/write"], true],
  ] as const) {
    it(`${JSON.stringify(actions)} less ${JSON.stringify(notActions)} ${isAllowed ? "allow" : "do not allow"} a read`, () => {
      assert.equal(allows([{ actions, notActions }], READ), isAllowed);
    });
  }

  it("are a union: what one role excludes another may give", () => {
    const roles = [
      { actions: ["*"], notActions: ["*/read"] },
      { actions: [READ], notActions: [] },
    ];
    assert.equal(allows(roles, READ), true);
  });
});

describe("who is signed in", () => {
  for (const [what, clientId, controllerClientId, expected] of [
    ["the controller's client", "A", "a", true],
    ["any client, where the configuration names none", "a", undefined, true],
    ["another client", "b", "a", false],
    ["a person", undefined, undefined, false],
  ] as const) {
    it(`${expected ? "is" : "is not"} the controller: ${what}`, async () => {
      const signIn = async () => ({ tenantId: "t", principalId: "p", audience: "x", ...(clientId && { clientId }) });
      const context = { azure: { signIn }, ...(controllerClientId && { controllerClientId }) };
      assert.equal(await isController(context as unknown as DoctorContext), expected);
    });
  }
});
