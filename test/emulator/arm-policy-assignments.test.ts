import { deepEqual, equal } from "node:assert/strict";
import { type Arm, startArm } from "../support/arm-calls.ts";
import { refused } from "../support/azure-refusals.ts";

const SHARED_KEYS = "8c6a50c6-9ffd-4ae7-986f-5fa6111f9a54";

describe("the emulator's policy assignments", () => {
  let arm: Arm;
  beforeEach(async () => {
    arm = await startArm();
  });
  afterEach(() => arm.close());

  const path = (name = "keys") =>
    `${arm.group}/providers/Microsoft.Authorization/policyAssignments/${name}?api-version=2022-06-01`;
  const body = (effect?: string, definition = SHARED_KEYS) => ({
    properties: {
      displayName: "no keys",
      policyDefinitionId: `/providers/Microsoft.Authorization/policyDefinitions/${definition}`,
      ...(effect !== undefined && { parameters: { effect: { value: effect } } }),
    },
  });
  const assign = (effect?: string, definition?: string) => arm.call("PUT", path(), { body: body(effect, definition) });
  const get = () => arm.call("GET", path());
  const openAccount = async (name: string) => {
    const account = { location: "westeurope", kind: "StorageV2", sku: { name: "Standard_LRS" } };
    return arm.call("PUT", `${arm.group}/providers/Microsoft.Storage/storageAccounts/${name}`, { body: account });
  };

  it("deny with effect Deny, in whatever case, until they are deleted", async () => {
    const made = await assign("deny");
    equal(made.status, 201);
    deepEqual((await get()).json(), made.json());
    const message = refused(await openAccount("denied1"), 403, "RequestDisallowedByPolicy");
    equal(message.includes(path().split("?")[0] ?? ""), true, message);
    equal((await arm.call("DELETE", path())).status, 200);
    equal((await arm.call("DELETE", path())).status, 204);
    refused(await get(), 404, "PolicyAssignmentNotFound");
    equal((await openAccount("denied1")).status, 202);
  });

  it("only report without a parameter, and with Audit or Disabled", async () => {
    for (const [index, effect] of [undefined, "Audit", "Disabled"].entries()) {
      equal((await assign(effect)).status, 201);
      equal((await openAccount(`reported${index}`)).status, 202);
    }
  });

  it("refuse an effect and a definition that do not exist", async () => {
    refused(await assign("Modify"), 400, "PolicyParameterValueNotAllowed");
    refused(await assign("Deny", "00000000-0000-4000-8000-000000000001"), 404, "PolicyDefinitionNotFound");
    equal(arm.emulator.world.policies.size, 0);
  });
});
