// Each built-in policy that can deny a write of the controller, assigned with the effect Deny in the emulator, which evaluates
// its rule against the bodies that are really sent.
import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import { assign, BUILT_IN } from "../../src/emulator/policy/built-in.ts";
import { create, createRequest, type EmulatedApp, startEmulatedApp } from "../support/emulated-app.ts";
import { heldContainers } from "../support/held.ts";
import { OUTCOMES } from "../support/policy-outcomes.ts";
import { refused } from "../support/refused.ts";

type Parameters = Readonly<Record<string, string>>;

/** Classes with everything that a class can say of an account; none of them helps where no class complies. */
const CLASSES: readonly Parameters[] = [
  {},
  { publicNetworkAccess: "Disabled", sasExpirationAction: "Block", requireInfraEncryption: "true" },
  { skuName: "Standard_ZRS", isHnsEnabled: "true", accessTier: "Cool", tags: "owner=storage" },
  { skuName: "Premium_ZRS", location: "northeurope", isolation: "volume", softDeleteBlobs: "7" },
];

describe("the built-in policies that can deny", () => {
  let app: EmulatedApp;
  beforeEach(async () => {
    app = await startEmulatedApp();
  });
  afterEach(() => app.stop());

  function enforce(guid: string): void {
    const { subscriptionId } = app.emulator.info;
    const definition = BUILT_IN[guid] ?? assert.fail(`no ${guid}`);
    const scope = `/subscriptions/${subscriptionId}`;
    const id = `${scope}/providers/Microsoft.Authorization/policyAssignments/enforced`;
    const { assigned: parameters = {} } = OUTCOMES[guid] ?? {};
    const effect = definition.effects.includes("Deny") ? "Deny" : assert.fail(`${guid} cannot deny`);
    const policy = assign(guid, definition, { id, scope, displayName: "enforced", effect, parameters });
    app.emulator.world.policies.set(id.toLowerCase(), policy);
  }

  /** Accounts are new for each class: nothing that exists stands in for one that is denied. */
  const createFor = (parameters: Parameters) =>
    create(app, createRequest(app.emulator, { "csi.storage.k8s.io/pvc/namespace": "team", ...parameters }));

  async function assertDenied(guid: string, parameters: Parameters): Promise<void> {
    const name = (BUILT_IN[guid]?.name ?? "").slice(0, 60);
    const code = status.FAILED_PRECONDITION;
    const details = await refused(createFor(parameters), code, `RequestDisallowedByPolicy, HTTP 403`);
    assert(details.includes(name) && details.includes("enforced"), details);
    assert.equal(app.emulator.world.accounts.size, 0);
  }

  function addGivenAccount(): void {
    const { subscriptionId, resourceGroup, location } = app.emulator.info;
    const group = `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}`;
    app.emulator.world.accounts.set("given", {
      id: `${group}/providers/Microsoft.Storage/storageAccounts/given`,
      ...{ name: "given", subscriptionId, resourceGroup, location, kind: "StorageV2" },
      sku: { name: "Standard_LRS", tier: "Standard" },
      tags: { "keyless-csi.cluster": "emulator" },
      properties: { allowSharedKeyAccess: false, allowBlobPublicAccess: false, isLocalUserEnabled: false },
      ...{ blobService: {}, createdAt: 0, readyAt: 0 },
    });
  }

  it("are all in the table of outcomes, and nothing else is", () => {
    assert.deepEqual(Object.keys(OUTCOMES).sort(), Object.keys(BUILT_IN).sort());
  });

  for (const [guid, { needs, isGivenServed }] of Object.entries(OUTCOMES)) {
    const name = BUILT_IN[guid]?.name;
    if (needs === "no class") {
      it(`"${name}": no class complies, and a given account ${isGivenServed ? "is the way out" : "is denied too"}`, async () => {
        enforce(guid);
        for (const parameters of CLASSES) await assertDenied(guid, parameters);
        addGivenAccount();
        const served = createFor({ storageAccount: "given" });
        if (isGivenServed) await served;
        else await assert.rejects(served, /RequestDisallowedByPolicy/);
        assert.equal(heldContainers(app.emulator.world).length, isGivenServed ? 1 : 0);
      });
    } else if (Object.keys(needs).length === 0) {
      it(`"${name}": every class complies`, async () => {
        enforce(guid);
        const tagged = (parameters: Parameters) => guid.startsWith("36fd7371") && "tags" in parameters;
        const classes = CLASSES.filter((parameters) => !tagged(parameters));
        for (const parameters of classes) await createFor(parameters);
        assert.equal(app.emulator.world.accounts.size, classes.length);
      });
    } else {
      it(`"${name}": a class with ${JSON.stringify(needs)} complies`, async () => {
        enforce(guid);
        const isMet = guid.startsWith("94c19f19"); // the emulator's own region is in Europe
        if (!isMet) await assertDenied(guid, {});
        await createFor(needs);
        assert.equal(app.emulator.world.accounts.size, 1);
      });
    }
  }

  it("the one for blob versioning does not deny soft delete in an account whose versioning is off", async () => {
    const parameters = { softDeleteBlobs: "7" };
    await createFor(parameters);
    const [account = assert.fail()] = app.emulator.world.accounts.values();
    account.blobService = { isVersioningEnabled: false };
    enforce("c36a325b-ae04-4863-ad4f-19c6678f8e08");
    const again = await startEmulatedApp([], { emulator: app.emulator });
    try {
      await create(again, createRequest(app.emulator, { "csi.storage.k8s.io/pvc/namespace": "team", ...parameters }));
    } finally {
      await again.stop();
    }
    assert.deepEqual(account.blobService["deleteRetentionPolicy"], {
      ...{ allowPermanentDelete: false, enabled: true, days: 7 },
    });
  });

  it("all that a class of its own can comply with, together, are complied with by one class", async () => {
    const all = Object.entries(OUTCOMES).filter(([, { needs }]) => needs !== "no class");
    // Regions and SKUs of different assignments exclude each other.
    const [regions, skus] = [/^(983211ba|c1b9cbed|5ee85ce5|6fdb9205)/, /^7433c107/];
    const chosen = all.filter(([guid]) => !regions.test(guid) && !skus.test(guid) && !guid.startsWith("36fd7371"));
    for (const [guid] of chosen) {
      enforce(guid);
      const { policies } = app.emulator.world;
      const [[key, policy] = assert.fail()] = [...policies].filter(([id]) => id.endsWith("/enforced"));
      policies.delete(key);
      policies.set(`${key}-${guid}`, policy);
    }
    assert.equal(app.emulator.world.policies.size, chosen.length);
    await createFor({
      publicNetworkAccess: "Disabled",
      sasExpirationAction: "Block",
      requireInfraEncryption: "true",
      skuName: "Standard_ZRS",
      location: "northeurope",
      tags: "owner=storage,department=it,environment=production",
    });
    assert.equal(app.emulator.world.accounts.size, 1);
  });
});
