// Which steps a request to ARM goes through: a new release of an SDK that adds or renames one is noticed here.
import assert from "node:assert/strict";
import { createApiVersions } from "../../../src/azure/api-versions.ts";
import { createArm } from "../../../src/azure/arm.ts";

const SDK = [
  "proxyPolicy",
  "userAgentPolicy",
  "setClientRequestIdPolicy",
  "bearerTokenAuthenticationPolicy",
  "defaultRetryPolicy",
  "redirectPolicy",
  "logPolicy",
];
const OURS = ["api-version", "own-host", "budget", "settling", "error-body", "observer"];

describe("the pipeline to ARM", () => {
  const clients = createArm({
    credentialFor: () => ({ getToken: async () => null }),
    endpoint: "https://management.azure.com",
    scope: "https://management.azure.com/.default",
    apiVersions: createApiVersions({ storage: "2025-08-01", fellBack() {} }),
    observeCall() {},
    forgetTokens() {},
    now: () => 0,
    sleep: async () => {},
  }).subscription("11111111-1111-1111-1111-111111111111");
  for (const [name, bodies] of [
    ["storage", []],
    ["authorization", ["serializationPolicy", "deserializationPolicy"]],
    ["identity", ["serializationPolicy", "deserializationPolicy"]],
  ] as const) {
    it(`of ${name} has the steps that do something, and the controller's own next to the wire`, () => {
      const names = clients[name].pipeline.getOrderedPolicies().map((policy) => policy.name);
      assert.deepEqual(
        names.slice(-OURS.length),
        OURS.map((own) => `keyless-csi-${own}`),
      );
      assert.deepEqual(names.slice(0, -OURS.length).sort(), [...SDK, ...bodies].sort());
    });
  }
});
