// Azure Policy refuses an account: the claim's event names the policy assignment and the policy definition.
import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import type { DenyPolicy } from "../../src/emulator/policy/deny-policy.ts";
import { create, createRequest, type EmulatedApp, startEmulatedApp } from "../support/emulated-app.ts";

describe("a deny policy", () => {
  let app: EmulatedApp;
  before(async () => {
    app = await startEmulatedApp();
  });
  after(() => app.stop());
  afterEach(() => app.emulator.world.policies.clear());

  function assign(name: string, changes: Partial<DenyPolicy> = {}): DenyPolicy {
    const scope = `/subscriptions/${app.emulator.info.subscriptionId}`;
    const policy = {
      id: `${scope}/providers/Microsoft.Authorization/policyAssignments/${name}`,
      displayName: `Contoso: ${name}`,
      definitionId: `/providers/Microsoft.Authorization/policyDefinitions/${name}`,
      definitionName: `Storage accounts must have ${name}`,
      scope,
      resourceType: "Microsoft.Storage/storageAccounts",
      requires: { "tags.owner": "somebody" },
      ...changes,
    };
    app.emulator.world.policies.set(policy.id.toLowerCase(), policy);
    return policy;
  }
  const failure = (parameters: Record<string, string>) =>
    create(app, createRequest(app.emulator, parameters)).then(
      () => assert.fail("the volume was created"),
      ({ code, details }: { code: status; details: string }) => ({ code, details }),
    );

  it("is reported as FAILED_PRECONDITION with assignment, definition, account and what to do", async () => {
    const { id, definitionId } = assign("owner");
    const { code, details } = await failure({ tags: "test=policy" });
    assert.equal(status[code], "FAILED_PRECONDITION");
    assert.match(details, /^creating storage account kl[a-z2-7]{22} in resource group keyless failed/);
    assert(details.includes(`assignment "Contoso: owner" (${id})`), details);
    assert(details.includes(`definition "Storage accounts must have owner" (${definitionId})`), details);
    assert(
      details.includes('tags.owner must be somebody; change the class so that it complies (tags: "owner=somebody")'),
      details,
    );
    assert.match(details, /or ask the owner of the policy assignment for an exemption, or name an account/);
    assert.equal(app.emulator.world.accounts.size, 0);
  });

  it("does not affect a class that complies", async () => {
    assign("owner");
    const volume = await create(app, createRequest(app.emulator, { tags: "owner=somebody" }));
    assert.match(volume.volume_id, /^keyless#kl/);
  });

  it("on the container of a new account is reported alike, and Kubernetes keeps trying", async () => {
    const { id } = assign("containers", {
      resourceType: "Microsoft.Storage/storageAccounts/blobServices/containers",
      requires: {},
    });
    const { code, details } = await failure({ tags: "test=containers" });
    assert.equal(status[code], "UNAVAILABLE");
    assert(details.includes(`assignment "Contoso: containers" (${id})`), details);
  });

  it("that is removed lets the next attempt succeed", async () => {
    const request = createRequest(app.emulator, { tags: "test=again" });
    assign("owner");
    await assert.rejects(create(app, request), { code: status.FAILED_PRECONDITION });
    app.emulator.world.policies.clear();
    assert.match((await create(app, request)).volume_id, /^keyless#kl/);
  });
});
