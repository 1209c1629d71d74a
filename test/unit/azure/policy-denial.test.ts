import assert from "node:assert/strict";
import { toDriverError } from "../../../src/azure/faults.ts";
import { describeDenials } from "../../../src/azure/refusals/policy-words.ts";

const ASSIGNMENT =
  "/providers/Microsoft.Management/managementGroups/corp/providers/Microsoft.Authorization/policyAssignments/deny-keys";
const DEFINITION = "/providers/Microsoft.Authorization/policyDefinitions/8c6a50c6-9ffd-4ae7-986f-5fa6111f9a54";

const violation = (changes: object = {}) => ({
  type: "PolicyViolation",
  info: {
    ...{ policyAssignmentId: ASSIGNMENT, policyAssignmentName: "deny-keys", policyAssignmentDisplayName: "No keys" },
    ...{ policyDefinitionId: DEFINITION, policyDefinitionName: "8c6a50c6", policyDefinitionDisplayName: "Keyless" },
    ...changes,
  },
});
const TOLD = `assignment "No keys" (${ASSIGNMENT}) by definition "Keyless" (${DEFINITION})`;

describe("a denial by Azure Policy", () => {
  it("names assignment and definition by what the portal shows, with their ids", () => {
    assert.equal(describeDenials({ additionalInfo: [violation()] }), TOLD);
  });

  it("falls back to the names, and to the ids, where a policy has no display name", () => {
    const plain = { policyAssignmentDisplayName: undefined, policyDefinitionDisplayName: "" };
    const named = violation(plain);
    assert.match(
      describeDenials({ additionalInfo: [named] }) ?? "",
      /^assignment "deny-keys" .* definition "8c6a50c6"/,
    );
    const bare = violation({ ...plain, policyAssignmentName: "", policyDefinitionName: 7 });
    assert.equal(describeDenials({ additionalInfo: [bare] }), `assignment ${ASSIGNMENT} by definition ${DEFINITION}`);
  });

  it("finds the policies in the details of a write that consists of several", () => {
    assert.equal(describeDenials({ details: [{ additionalInfo: [violation()] }, null, "text"] }), TOLD);
  });

  it("names each policy once, three at most, and says how many more there are", () => {
    const five = Array.from({ length: 5 }, (_, index) => violation({ policyAssignmentDisplayName: `P${index}` }));
    const told = describeDenials({ additionalInfo: [...five, ...five] }) ?? "";
    assert.match(told, /"P0".* and assignment "P1".* and assignment "P2".*, and 2 more$/);
    assert(!told.includes("P3"));
  });

  it("reads the identifiers in the message when there is nothing else", () => {
    const identifiers = JSON.stringify([
      { policyAssignment: { name: "No keys", id: ASSIGNMENT }, policyDefinition: { name: "Keyless", id: DEFINITION } },
    ]);
    const message = `Resource 'kl1' was disallowed by policy. Policy identifiers: '${identifiers}'.`;
    assert.equal(describeDenials({ message }), TOLD);
  });

  it("says nothing of an error of another form, and leaves Azure's own words then", () => {
    for (const error of [undefined, null, "x", {}, { additionalInfo: "x" }, { additionalInfo: [{ type: "Other" }] }]) {
      assert.equal(describeDenials(error), undefined);
    }
    assert.equal(describeDenials({ message: "Policy identifiers: '[{\"policyAssi'" }), undefined);
    const error = {
      name: "RestError",
      statusCode: 403,
      details: { error: { code: "RequestDisallowedByPolicy", message: "No." } },
    };
    const { reason, message } = toDriverError(error, "creating x");
    assert.equal(reason, "Misconfigured");
    assert.match(
      message,
      /^creating x failed \(RequestDisallowedByPolicy, HTTP 403\): No; no parameter of a class changes that: ask/,
    );
  });

  it("stays one line whatever a display name holds", () => {
    const told = describeDenials({ additionalInfo: [violation({ policyAssignmentDisplayName: "a\n\r\tb" })] }) ?? "";
    assert.match(told, /^assignment "a b" /);
  });
});
