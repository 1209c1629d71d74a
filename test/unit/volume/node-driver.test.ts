import assert from "node:assert/strict";
import { LONGEST_MESSAGE } from "../../../src/text/cut.ts";
import { findDriverProblem } from "../../../src/volume/node-driver.ts";
import type { CsiDriver } from "../../../src/volume/ports.ts";
import { SHIPPED_DRIVER } from "../../support/fake-cluster.ts";
import { SETTINGS } from "../../support/volume-settings.ts";

const AUDIENCE = "api://AzureADTokenExchange";
const OURS = "keyless.blob.csi";
const messageFor = (change: Partial<CsiDriver>, name = "blob.csi.azure.com") =>
  findDriverProblem(name, { ...SHIPPED_DRIVER, ...change }, SETTINGS)?.message;

describe("the CSIDriver object of the node plugin", () => {
  it("as shipped is right, also beside the audiences of others", () => {
    assert.equal(messageFor({}), undefined);
    assert.equal(messageFor({ tokenRequests: [{ audience: "vault" }, { audience: AUDIENCE }] }), undefined);
  });

  it("must have the plugin's audience: that of Azure Government is of no use, the plugin does not read it", () => {
    assert.match(
      messageFor({ tokenRequests: [{ audience: "api://AzureADTokenExchangeUSGov" }] }) ?? "",
      /lacks audience api:\/\/AzureADTokenExchange: every mount would fail/,
    );
  });

  it("must have the audience of --token-audience, which the credentials of identities have", () => {
    const settings = { ...SETTINGS, tokenAudience: "api://AzureADTokenExchangeChina" };
    const { message = "" } = findDriverProblem(OURS, SHIPPED_DRIVER, settings) ?? {};
    assert.match(message, /lacks audience api:\/\/AzureADTokenExchangeChina: /);
    assert.match(message, /"audience":"api:\/\/AzureADTokenExchangeChina","expirationSeconds":3600/);
    const tokenRequests = [{ audience: "api://AzureADTokenExchangeChina" }];
    assert.equal(findDriverProblem(OURS, { ...SHIPPED_DRIVER, tokenRequests }, settings), undefined);
  });

  it("that is not there is named, with both ways out", () => {
    const message = findDriverProblem(OURS, undefined, SETTINGS)?.message ?? "";
    assert.match(message, /^CSIDriver keyless.blob.csi does not exist: .* wait forever for an attacher/);
    assert.match(message, /kubectl apply -f deploy\/manifests\/csidriver.yaml, or set --node-driver/);
    const renaming = { ...SETTINGS, driverName: "blob.example.com" };
    const renamed = findDriverProblem("blob.example.com", undefined, renaming)?.message ?? "";
    assert.match(renamed, /csidriver.yaml with metadata.name: blob.example.com/);
  });

  it("of another plugin is that plugin's to repair: the message advises neither to delete it nor to create ours in its place", () => {
    const absent = findDriverProblem("blob.csi.azure.com", undefined, SETTINGS)?.message;
    for (const message of [absent, messageFor({ isAttachRequired: true }), messageFor({ isPersistent: false })]) {
      assert.match(message ?? "", /Fix: install or repair the node plugin that the object belongs to/);
      assert.doesNotMatch(message ?? "", /delete|csidriver\.yaml/);
    }
    for (const change of [{ isAttachRequired: true }, { isPersistent: false }]) {
      assert.match(
        messageFor(change, OURS) ?? "",
        /delete the object and apply .* while no pod with such a volume starts/,
      );
    }
  });

  const patch = (spec: object) =>
    `kubectl patch csidriver blob.csi.azure.com --type=merge -p '${JSON.stringify({ spec })}'`;
  const ours = { audience: AUDIENCE, expirationSeconds: 3600 };
  const table: readonly (readonly [Partial<CsiDriver>, RegExp, string])[] = [
    [
      { tokenRequests: [] },
      /tokenRequests lacks audience .* own disk, and its data never reaches Azure/,
      patch({ tokenRequests: [ours] }),
    ],
    [
      { tokenRequests: [{ audience: "vault", expirationSeconds: 600 }] },
      /every mount would fail/,
      patch({ tokenRequests: [{ audience: "vault", expirationSeconds: 600 }, ours] }),
    ],
    [
      { isRepublished: false },
      /requiresRepublish is not true: the token would never be renewed, and the volume would stop/,
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
      "these fields are immutable",
    ],
    [
      { isPersistent: false },
      /volumeLifecycleModes lacks Persistent: pods would wait forever/,
      "these fields are immutable",
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
