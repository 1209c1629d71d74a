// The part of `keyless-csi roles` that has a refused action is named, for every action of the table.
import assert from "node:assert/strict";
import { rolesRemedy } from "../../../src/azure/missing-role.ts";
import { ROLES } from "../../../src/azure/role-table.ts";

const refusal = (action: string) =>
  `The client 'c' does not have authorization to perform action '${action}' over scope 's'.`;
const flagsIn = (remedy: string) => /`keyless-csi roles([^`]*)` prints$/.exec(remedy)?.[1];

describe("the remedy for a missing right", () => {
  const required = new Set(
    ROLES.filter(({ option }) => option === undefined).flatMap(({ actions }) => actions.map(({ action }) => action)),
  );

  for (const { option, actions } of ROLES)
    for (const { action } of actions) {
      const wanted = option === undefined || required.has(action) ? "" : ` --with ${option}`;
      it(`${action}: keyless-csi roles${wanted}`, () => {
        for (const each of [action, action.toUpperCase()]) assert.equal(flagsIn(rolesRemedy(refusal(each))), wanted);
      });
    }

  it("goes by the action that is refused, where a linked one is allowed", () => {
    const text =
      "The client 'c' has permission to perform action 'Microsoft.Storage/storageAccounts/write' on scope 's'; however, it does " +
      "not have permission to perform action 'Microsoft.ManagedIdentity/userAssignedIdentities/read' on the linked scope(s) 't'.";
    assert.equal(flagsIn(rolesRemedy(text)), " --with identities");
    const conditional = refusal("Microsoft.Storage/storageAccounts/blobServices/write").replace(
      "authorization",
      "authorization or an ABAC condition not fulfilled",
    );
    assert.equal(flagsIn(rolesRemedy(conditional)), " --with soft-delete");
  });

  it("names the command alone for an action that no role has, and for words without one", () => {
    for (const text of [refusal("Microsoft.Network/virtualNetworks/read"), "refused", ""])
      assert.equal(flagsIn(rolesRemedy(text)), "");
  });
});
