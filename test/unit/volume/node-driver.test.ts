import assert from "node:assert/strict";
import { LONGEST_MESSAGE } from "../../../src/backend/backend.ts";
import { findDriverProblem } from "../../../src/volume/node-driver.ts";
import type { CsiDriver } from "../../../src/volume/ports.ts";
import { SHIPPED_DRIVER } from "../../support/fake-cluster.ts";

const AUDIENCE = "api://AzureADTokenExchange";
const messageFor = (change: Partial<CsiDriver>) =>
  findDriverProblem("blob.csi.azure.com", { ...SHIPPED_DRIVER, ...change }, AUDIENCE)?.message;

describe("the CSIDriver object of the node plugin", () => {
  it("as shipped is right, also beside the audiences of others", () => {
    assert.equal(messageFor({}), undefined);
    assert.equal(messageFor({ tokenRequests: [{ audience: "vault" }, { audience: AUDIENCE }] }), undefined);
  });

  it("that is not there is named, with both ways out", () => {
    const message = findDriverProblem("keyless.blob.csi", undefined, AUDIENCE)?.message ?? "";
    assert.match(message, /^CSIDriver keyless.blob.csi does not exist: .* wait forever for an attacher/);
    assert.match(message, /kubectl apply -f deploy\/manifests\/csidriver.yaml, or set --node-driver/);
  });

  const patch = (spec: object) =>
    `kubectl patch csidriver blob.csi.azure.com --type=merge -p '${JSON.stringify({ spec })}'`;
  const ours = { audience: AUDIENCE, expirationSeconds: 3600 };
  const table: readonly (readonly [Partial<CsiDriver>, RegExp, string])[] = [
    [{ tokenRequests: [] }, /tokenRequests lacks audience .* own disk/, patch({ tokenRequests: [ours] })],
    [
      { tokenRequests: [{ audience: "vault", expirationSeconds: 600 }] },
      /every mount would fail/,
      patch({ tokenRequests: [{ audience: "vault", expirationSeconds: 600 }, ours] }),
    ],
    [
      { isRepublished: false },
      /requiresRepublish is not true: the token would never be renewed/,
      patch({ requiresRepublish: true }),
    ],
    [
      { hasTokensInSecrets: true },
      /serviceAccountTokenInSecrets is true, .* own disk.*--mount-checks=warn/,
      patch({ serviceAccountTokenInSecrets: false }),
    ],
    [
      { tokenRequests: [], isRepublished: false, hasTokensInSecrets: true },
      /lacks audience .*; requiresRepublish .*; serviceAccountTokenInSecrets/,
      patch({ tokenRequests: [ours], requiresRepublish: true, serviceAccountTokenInSecrets: false }),
    ],
    [
      { isAttachRequired: true },
      /attachRequired is not false, .*pods would wait forever/,
      "while no pod with such a volume starts",
    ],
    [
      { isPersistent: false },
      /volumeLifecycleModes lacks Persistent: pods would wait forever/,
      "deploy/manifests/csidriver.yaml",
    ],
  ];
  for (const [change, expected, fix] of table) {
    it(`${JSON.stringify(change)} is refused with what would happen and the fix`, () => {
      const message = messageFor(change) ?? assert.fail("accepted");
      assert.match(message, expected);
      assert(message.includes(fix), message);
      assert(message.length <= LONGEST_MESSAGE, `${message.length}`);
    });
  }
});
