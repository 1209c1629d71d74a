// The emulator's evaluation of built-in policies: each rule matches what it is there to deny, so that a class that passes has
// complied. And the answers of a denial.
import { deepEqual, equal, match } from "node:assert/strict";
import { BUILT_IN } from "../../src/emulator/policy/built-in.ts";
import { evaluate } from "../../src/emulator/policy/rule.ts";
import { type Arm, startArm } from "../support/arm-calls.ts";
import { refused } from "../support/azure-refusals.ts";
import { OUTCOMES } from "../support/policy-outcomes.ts";

interface Resource {
  readonly type?: string;
  readonly location?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly properties?: Readonly<Record<string, unknown>>;
}

const ACCOUNT = "Microsoft.Storage/storageAccounts";
const keyVault = (service: string): Resource => ({
  properties: { encryption: { keySource: "Microsoft.Keyvault", services: { [service]: { keyType: "Service" } } } },
});

/** What is denied, where an account that states nothing is not. */
const DENIED: Readonly<Record<string, Resource>> = {
  c9d007d0: { properties: { networkAcls: { bypass: "Logging, Metrics" } } },
  "404c3081": { properties: { supportsHttpsTrafficOnly: false } },
  "044985bb": { properties: { keyCreationTime: { key1: "2020" }, keyPolicy: { keyExpirationPeriodInDays: 1 } } },
  f0e5abd0: keyVault("queue"),
  "7c322315": keyVault("table"),
  "7c5a74bf": { properties: { enableBlobEncryption: false } },
  c36a325b: { type: `${ACCOUNT}/blobServices`, properties: { isVersioningEnabled: false } },
  bfecdea6: { type: `${ACCOUNT}/encryptionScopes` },
  "37e0d2fe": { type: "Microsoft.ClassicStorage/storageAccounts" },
  "36fd7371": { tags: { Owner: "x" } },
};
/** It is about users, and the emulator's callers are applications. */
const ABOUT_USERS = "4e6c27d5-a6ee-49cf-b2b4-d8fe90fa2b8b";

describe("the emulator's built-in policies", () => {
  const matches = (guid: string, { type = ACCOUNT, ...resource }: Resource) => {
    const { rule, parameters } = BUILT_IN[guid] ?? { rule: { anyOf: [] }, parameters: {} };
    const all = { ...parameters, ...OUTCOMES[guid]?.assigned };
    const whole = { location: "brazilsouth", kind: "StorageV2", sku: { name: "Standard_LRS" }, ...resource };
    return evaluate(rule, { id: "/x/y", type, resource: whole, apiVersion: "2025-06-01", parameters: all }).matches;
  };

  for (const [guid, { name }] of Object.entries(BUILT_IN)) {
    if (guid === ABOUT_USERS) continue;
    it(`"${name}" denies what it is about`, () => {
      equal(matches(guid, DENIED[guid.slice(0, 8)] ?? {}), true);
      equal(DENIED[guid.slice(0, 8)] !== undefined && matches(guid, {}), false);
    });
  }

  it("take 7 days and not a second more of a SAS policy, and Block alone", () => {
    const sas = (sasExpirationPeriod: string, expirationAction = "Block") =>
      matches("7aa1c9d5-3d7e-4579-8117-d85e99211757", {
        properties: { sasPolicy: { sasExpirationPeriod, expirationAction } },
      });
    deepEqual(
      ["7.00:00:00", "07.00:00:00", "6.23:59:59", "0.01:00:00"].map((period) => sas(period)),
      [...[false, false, false, false]],
    );
    deepEqual(
      ["7.00:00:01", "8.00:00:00", "90.00:00:00"].map((period) => sas(period)),
      [true, true, true],
    );
    equal(sas("1.00:00:00", "Log"), true);
  });

  describe("when assigned", () => {
    let arm: Arm;
    beforeEach(async () => {
      arm = await startArm();
    });
    afterEach(() => arm.close());

    const assign = (guid: string, properties: object) =>
      arm.call("PUT", `${arm.group}/providers/Microsoft.Authorization/policyAssignments/p?api-version=2022-06-01`, {
        body: {
          properties: {
            policyDefinitionId: `/providers/Microsoft.Authorization/policyDefinitions/${guid}`,
            displayName: "ours",
            ...properties,
          },
        },
      });
    const account = (properties: object = {}) =>
      arm.call("PUT", `${arm.group}/providers/Microsoft.Storage/storageAccounts/p${Date.now()}`, {
        body: { location: "westeurope", kind: "StorageV2", sku: { name: "Standard_LRS" }, ...properties },
      });
    interface Denial {
      readonly error: {
        readonly additionalInfo: readonly { readonly info: Readonly<Record<string, unknown>> }[];
      };
    }

    it("name the conditions that were looked at, the parameters, and the owner's own message", async () => {
      const parameters = { tagName: { value: "owner" } };
      const nonComplianceMessages = [{ message: "Every resource has an owner." }];
      const made = await assign("871b6d14-10aa-478d-b590-94f262ecfa99", { parameters, nonComplianceMessages });
      equal(made.status, 201);
      const denied = await account();
      const message = refused(denied, 403, "RequestDisallowedByPolicy");
      match(message, /was disallowed by policy\. Reasons: 'Every resource has an owner\.'\. See error details/);
      const { info = {} } = denied.json<Denial>().error.additionalInfo[0] ?? {};
      deepEqual(info["policyAssignmentParameters"], { tagName: "owner" });
      deepEqual(info["evaluationDetails"], {
        evaluatedExpressions: [
          {
            ...{ result: "True", expressionKind: "Field", expression: "tags[owner]", path: "tags[owner]" },
            ...{ expressionValue: null, targetValue: "false", operator: "Exists" },
          },
        ],
      });
      equal((await account({ tags: { Owner: "me" } })).status, 202);
    });

    it("deny by default where the definition does so, and want the parameters that have no default", async () => {
      refused(await assign("7433c107-6db4-4ad1-b57a-a76dce0154a1", {}), 400, "MissingPolicyParameter");
      for (const undefinedThere of [{ effect: { value: "Audit" } }, { tagname: { value: "owner" } }]) {
        const tag = { parameters: { tagName: { value: "owner" }, ...undefinedThere } };
        refused(await assign("871b6d14-10aa-478d-b590-94f262ecfa99", tag), 400, "UndefinedPolicyParameter");
      }
      const parameters = { listOfAllowedSKUs: { value: ["Standard_ZRS"] } };
      equal((await assign("7433c107-6db4-4ad1-b57a-a76dce0154a1", { parameters })).status, 201);
      refused(await account(), 403, "RequestDisallowedByPolicy");
      equal((await account({ sku: { name: "Standard_ZRS" } })).status, 202);
    });
  });
});
