import { equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { type Arm, startArm } from "../support/arm-calls.ts";

describe("the emulator's ARM, for random requests", () => {
  let arm: Arm;
  // A new one for each: a random DELETE can lead to the resource group itself (`/one/..` names it).
  beforeEach(async () => {
    arm = await startArm();
    await arm.makeContainer(await arm.makeAccount("sturdy1"), "one");
  });
  afterEach(() => arm.close());

  const segment = fc.oneof(
    fc.constantFrom("sturdy1", "one", "default", "..", "%2e%2e", "%00", "%zz", "roleAssignments", "locks", "null"),
    fc.stringMatching(/^[A-Za-z0-9._~%$-]{1,40}$/),
  );
  const path = fc
    .tuple(
      fc.constantFrom("", "/providers/Microsoft.Storage/storageAccounts", "/providers/Microsoft.Authorization"),
      fc.array(segment, { maxLength: 6 }),
    )
    .map(([provider, segments]) => `${provider}${segments.map((each) => `/${each}`).join("")}`);
  const method = fc.constantFrom("GET", "PUT", "PATCH", "POST", "DELETE", "HEAD");

  it("answers every path with an ARM error or success, never with an internal error", async () => {
    await fc.assert(
      fc.asyncProperty(method, path, async (verb, tail) => {
        // DELETE of the group itself would end the test.
        if (verb === "DELETE" && tail.replaceAll("/", "") === "") return;
        const answer = await arm.call(
          verb,
          `${arm.group}${tail}`,
          ["PUT", "PATCH", "POST"].includes(verb) ? { body: {} } : {},
        );
        ok(answer.status < 500, `${verb} ${tail}: ${answer.text}`);
        if (answer.status >= 400 && verb !== "HEAD") equal(typeof answer.json<Fault>().error.code, "string");
      }),
      { numRuns: 200 },
    );
  });

  it("answers every body of a write with an ARM error or success", async () => {
    const targets = [
      "/providers/Microsoft.Storage/storageAccounts/sturdy1",
      "/providers/Microsoft.Storage/storageAccounts/sturdy1/blobServices/default",
      "/providers/Microsoft.Storage/storageAccounts/sturdy1/blobServices/default/containers/one",
      "/providers/Microsoft.Authorization/roleAssignments/0a0a0a0a-0000-4000-8000-000000000000",
      "/providers/Microsoft.Authorization/roleDefinitions/0a0a0a0a-0000-4000-8000-000000000000",
      "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/workload-a",
      "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/workload-a/federatedIdentityCredentials/one",
    ];
    const keys = fc.constantFrom(
      ...["properties", "tags", "sku", "name", "kind", "location", "encryption", "networkAcls", "metadata"],
      ...[
        "publicAccess",
        "roleDefinitionId",
        "principalId",
        "permissions",
        "assignableScopes",
        "condition",
        "audiences",
      ],
    );
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: "small" },
        fc.string(),
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
        tie("list"),
        tie("map"),
      ),
      list: fc.array(tie("value"), { maxLength: 3 }),
      map: fc.dictionary(keys, tie("value"), { maxKeys: 5 }),
    }));
    const body = fc.dictionary(keys, value, { maxKeys: 5 });
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom("PUT", "PATCH"),
        fc.constantFrom(...targets),
        body,
        async (verb, target, sent) => {
          const answer = await arm.call(verb, `${arm.group}${target}`, { body: { location: "westeurope", ...sent } });
          ok(answer.status < 500, `${verb} ${target} ${JSON.stringify(sent)}: ${answer.text}`);
        },
      ),
      { numRuns: 250 },
    );
    equal((await arm.call("GET", `${arm.group}/providers/Microsoft.Storage/storageAccounts/sturdy1`)).status, 200);
  });

  it("refuses a body that is nested deeper than it can be read", async () => {
    const nested = (levels: number) => `{"properties":{"encryption":${'{"a":'.repeat(levels)}1${"}".repeat(levels)}}}`;
    const account = `${arm.group}/providers/Microsoft.Storage/storageAccounts/sturdy1`;
    equal((await arm.call("PATCH", account, { body: nested(50) })).status, 200);
    for (const body of [nested(20_000), `{"properties":${"[".repeat(300_000)}${"]".repeat(300_000)}}`]) {
      const answer = await arm.call("PATCH", account, { body });
      equal(answer.status, 400);
      equal(answer.json<Fault>().error.code, "InvalidRequestContent");
    }
  });
});

interface Fault {
  readonly error: { readonly code: unknown };
}
