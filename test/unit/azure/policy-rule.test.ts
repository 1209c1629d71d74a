// What can be told of a policy's rule from outside Azure, and of which assignments rules are read.
import assert from "node:assert/strict";
import type { Arm } from "../../../src/azure/arm.ts";
import { assignmentsAt, createRuleReader } from "../../../src/azure/inspection/assigned-policies.ts";
import { readRule } from "../../../src/azure/inspection/policy-rule.ts";

const ACCOUNT = "Microsoft.Storage/storageAccounts";
const GROUP = "/subscriptions/s/resourceGroups/g";
const CONTENT = {
  type: ACCOUNT,
  location: "westeurope",
  sku: { name: "Standard_LRS" },
  tags: { Owner: "storage" },
  properties: { allowSharedKeyAccess: false, networkAcls: { defaultAction: "Allow" } },
};
const YES = { field: "type", equals: ACCOUNT.toLowerCase() };
const NO = { field: "location", equals: "eastus" };
const OPEN = { value: "[subscription().tags['x']]", equals: "y" };

describe("a rule that is read outside Azure", () => {
  for (const [what, rule, expected] of [
    ["a field, without case", YES, true],
    ["an alias of a property", { field: `${ACCOUNT}/networkAcls.defaultAction`, notEquals: "Deny" }, true],
    ["an alias beside the properties", { field: `${ACCOUNT}/sku.name`, in: ["Standard_ZRS", "standard_lrs"] }, true],
    ["a boolean", { field: `${ACCOUNT}/allowSharedKeyAccess`, equals: "false" }, true],
    ["a property that is not there", { field: `${ACCOUNT}/minimumTlsVersion`, exists: false }, true],
    ["an alias of another type", { field: "Microsoft.Compute/disks/sku.name", notLike: "Premium*" }, true],
    ["a tag", { field: "tags['owner']", equals: "storage" }, true],
    ["a tag that a parameter names", { field: "[concat('tags[', parameters('tag'), ']')]", exists: "false" }, true],
    ["a parameter", { field: "location", notIn: "[parameters('allowed')]" }, true],
    ["which tags there are", { field: "tags", containsKey: "owner" }, true],
    ["a template function", OPEN, undefined],
    ["a count", { count: { field: `${ACCOUNT}/networkAcls.ipRules[*]` }, greater: 0 }, undefined],
    ["an operator that is not known", { field: "location", sounds: "west" }, undefined],
    ["an unknown beside a false", { allOf: [OPEN, NO] }, false],
    ["an unknown beside a true", { allOf: [OPEN, YES] }, undefined],
    ["an unknown or a true", { anyOf: [OPEN, YES] }, true],
    ["an unknown or a false", { anyOf: [OPEN, NO] }, undefined],
    ["no unknown", { not: OPEN }, undefined],
    ["not a false", { not: NO }, true],
    ["nothing", {}, undefined],
    ["no rule", undefined, undefined],
  ] as const) {
    it(`${expected === undefined ? "leaves open" : `is ${expected} for`} ${what}`, () => {
      const parameters = { tag: "cost", allowed: ["northeurope"] };
      assert.equal(readRule(rule, { content: CONTENT, parameters }).matches, expected);
    });
  }
});

/** ARM with these resources: path without its query -> answer. */
function armWith(answers: Readonly<Record<string, object>>): Arm {
  const send = async (_: string, { path }: { readonly path: string }) => {
    const found = answers[path.split("?")[0] ?? ""];
    if (found === undefined) throw Object.assign(new Error("not there"), { statusCode: 404 });
    return found;
  };
  return { send } as unknown as Arm;
}

const listed = (properties: object) =>
  armWith({
    [`${GROUP}/providers/Microsoft.Authorization/policyAssignments`]: { value: [{ id: "/a", name: "a", properties }] },
  });

describe("the assignments whose rules are read", () => {
  for (const [what, properties, isRead] of [
    ["of the resource group", { scope: GROUP }, true],
    ["of a management group", { scope: "/providers/Microsoft.Management/managementGroups/m" }, true],
    ["of an account in it", { scope: `${GROUP}/providers/${ACCOUNT}/kl1` }, false],
    ["not enforced", { scope: GROUP, enforcementMode: "DoNotEnforce" }, false],
    ["leaving the group out", { scope: "/subscriptions/s", notScopes: ["/subscriptions/S/resourceGroups/G"] }, false],
    ["leaving another group out", { scope: "/subscriptions/s", notScopes: [`${GROUP}2`] }, true],
  ] as const) {
    it(`${isRead ? "are those" : "are none of those"} ${what}`, async () => {
      assert.equal((await assignmentsAt(listed(properties), GROUP)).length, isRead ? 1 : 0);
    });
  }

  it("say when they change what they assign", async () => {
    const [altered] = await assignmentsAt(
      listed({ scope: GROUP, overrides: [{ kind: "policyEffect", value: "Disabled" }] }),
      GROUP,
    );
    assert.equal(altered?.isAltered, true);
  });

  it("are followed into initiatives, by the parameters of each, as far as a definition may deny", async () => {
    const set = "/providers/Microsoft.Authorization/policySetDefinitions/iso";
    const definition = (name: string) => `/providers/Microsoft.Authorization/policyDefinitions/${name}`;
    const parameters = (effect: string) => ({ effect: { value: effect } });
    // biome-ignore lint/suspicious/noThenProperty: Azure's name
    const ruleOf = (effect: string) => ({ if: YES, then: { effect } });
    const body = { displayName: "keys", policyRule: ruleOf("[parameters('effect')]") };
    const arm = armWith({
      [set]: {
        properties: {
          displayName: "ISO 27001",
          parameters: { keys: { defaultValue: "Audit" }, network: { defaultValue: "Deny" } },
          policyDefinitions: [
            { policyDefinitionId: definition("keys"), parameters: parameters("[parameters('keys')]") },
            { policyDefinitionId: definition("network"), parameters: parameters("[parameters('network')]") },
            { policyDefinitionId: definition("fixed") },
            { policyDefinitionId: definition("hidden"), parameters: parameters("Deny") },
          ],
        },
      },
      [definition("keys")]: { properties: body },
      [definition("network")]: { properties: body },
      [definition("fixed")]: { properties: { policyRule: ruleOf("audit") } },
    });
    const assignment = { id: "/a", displayName: "a", scope: GROUP, definitionId: set, isAltered: false };
    const read = async (given: object) =>
      (await createRuleReader(arm, "s")({ ...assignment, parameters: { ...given } })).map(
        ({ definitionId, effect, rule }) => [definitionId.split("/").at(-1), effect, rule !== undefined],
      );
    const others = [
      ["network", "deny", true],
      ["fixed", "audit", true],
      ["hidden", undefined, false],
    ];
    assert.deepEqual(await read({}), others);
    assert.deepEqual(await read({ keys: "Deny" }), [["keys", "deny", true], ...others]);
  });
});
