// Under each built-in policy that can deny, what a claim's event advises: the class parameter that complies, or that none does.
import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import { assign, BUILT_IN } from "../../src/emulator/policy/built-in.ts";
import { create, createRequest, type EmulatedApp, startEmulatedApp } from "../support/emulated-app.ts";
import { OUTCOMES } from "../support/policy-outcomes.ts";
import { refused } from "../support/refused.ts";

describe("the advice under a built-in policy", () => {
  let app: EmulatedApp;
  before(async () => {
    app = await startEmulatedApp();
  });
  after(() => app.stop());
  afterEach(() => app.emulator.world.policies.clear());

  for (const [guid, { needs, assigned: parameters = {} }] of Object.entries(OUTCOMES)) {
    const definition = BUILT_IN[guid];
    if (needs !== "no class" && Object.keys(needs).length === 0) continue;
    it(`"${definition?.name}": ${needs === "no class" ? "no class" : Object.keys(needs)}`, async () => {
      assert(definition !== undefined);
      const scope = `/subscriptions/${app.emulator.info.subscriptionId}`;
      const id = `${scope}/providers/Microsoft.Authorization/policyAssignments/enforced`;
      const policy = assign(guid, definition, { id, scope, displayName: "enforced", effect: "Deny", parameters });
      app.emulator.world.policies.set(id, policy);
      const asked = create(app, createRequest(app.emulator, { location: "norwayeast" }));
      const details = await refused(asked, status.FAILED_PRECONDITION, /RequestDisallowedByPolicy, HTTP 403/);
      assert(details.length <= 850 + " (call )".length + 36, `${details.length}: ${details}`);
      if (needs === "no class") assert.match(details, /; no class can comply \(/);
      else {
        const advised = /change the class so that it complies \((.*?)\), or ask/.exec(details)?.[1] ?? "";
        assert.deepEqual(
          advised.split(/", /).map((each) => each.split(":")[0]),
          Object.keys(needs),
          details,
        );
      }
      assert.equal(app.emulator.world.accounts.size, 0);
    });
  }
});
