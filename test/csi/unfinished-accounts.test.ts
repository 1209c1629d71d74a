// Accounts that ARM does not call Succeeded, and refusals of an account's PUT that are about its name.
import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import { createAccounts } from "../../src/azure/accounts.ts";
import { BLOB_ACCOUNTS } from "../../src/backend/blob/account-shape.ts";
import type { StorageAccount } from "../../src/emulator/world.ts";
import { ACCOUNT_NAME_ATTEMPTS } from "../../src/volume/names.ts";
import { create, createRequest, type EmulatedApp, startEmulatedApp } from "../support/emulated-app.ts";
import { startEmulatedArm } from "../support/emulated-arm.ts";
import { heldContainers } from "../support/held.ts";
import { refused } from "../support/refused.ts";

describe("an account that is not Succeeded", () => {
  let app: EmulatedApp;
  beforeEach(async () => {
    app = await startEmulatedApp();
  });
  afterEach(() => app.stop());

  const puts = () => app.armCalls().filter(({ operation }) => operation === "storageAccounts/create");

  /** An account with one volume, as another replica finds it: nothing is remembered. */
  async function stuck(
    parameters: Record<string, string>,
    state: NonNullable<StorageAccount["stuckIn"]>,
    change: Partial<StorageAccount> = {},
  ): Promise<StorageAccount> {
    const first = await startEmulatedApp([], { emulator: app.emulator });
    const { volume_id: id } = await create(first, createRequest(app.emulator, parameters));
    await first.stop();
    const account = app.emulator.world.accounts.get(id.split("#")[1] ?? "") ?? assert.fail("no account");
    Object.assign(account, change, { stuckIn: state });
    app.forgetCalls();
    return account;
  }

  for (const state of ["Failed", "Canceled"] as const) {
    it(`and is ${state} is finished by its own PUT, once, and keeps an administrator's changes`, async () => {
      const account = await stuck({ tags: "team=a", publicNetworkAccess: "Disabled", accessTier: "Hot" }, state);
      const firewall = { defaultAction: "Deny", bypass: "AzureServices", ipRules: [{ value: "203.0.113.7" }] };
      const theirs = { publicNetworkAccess: "Enabled", networkAcls: firewall, accessTier: "Cool" };
      Object.assign(account.properties, theirs);
      account.tags = { ...account.tags, team: "b", owner: "ops" };
      const before = structuredClone(account);

      const parameters = { tags: "team=a", publicNetworkAccess: "Disabled", accessTier: "Hot" };
      const requests = Array.from({ length: 5 }, () => createRequest(app.emulator, parameters));
      const volumes = await Promise.all(requests.map((request) => create(app, request)));
      for (const { volume_id: id } of volumes) assert.equal(id.split("#")[1], account.name);
      assert.equal(puts().length, 1);
      assert.equal(account.stuckIn, undefined);
      assert.deepEqual(account.tags, before.tags);
      const { publicNetworkAccess, networkAcls, accessTier } = account.properties;
      const { ipRules, defaultAction } = networkAcls as typeof firewall;
      assert.deepEqual([publicNetworkAccess, accessTier, defaultAction], ["Enabled", "Cool", "Deny"]);
      assert.deepEqual(
        ipRules.map(({ value }) => value),
        ["203.0.113.7"],
      );
      assert.equal(app.emulator.world.accounts.size, 1);
    });
  }

  it("is finished with an administrator's redundancy and key of encryption", async () => {
    const parameters = { skuName: "Standard_LRS", requireInfraEncryption: "true" };
    const account = await stuck(parameters, "Failed");
    const keyvaultproperties = { keyname: "theirs", keyvaulturi: "https://vault.vault.azure.net" };
    const encryption = {
      ...(account.properties["encryption"] as object),
      keySource: "Microsoft.Keyvault",
      keyvaultproperties,
    };
    account.properties["encryption"] = encryption;
    Object.assign(account, { sku: { name: "Standard_GRS", tier: "Standard" } });

    await create(app, createRequest(app.emulator, parameters));
    assert.equal(puts().length, 1);
    assert.equal(account.stuckIn, undefined);
    assert.equal(account.sku.name, "Standard_GRS");
    const held = account.properties["encryption"] as typeof encryption;
    assert.deepEqual([held.keySource, held.keyvaultproperties.keyname], ["Microsoft.Keyvault", "theirs"]);
  });

  it("since its creation failed is no lost volume: the caller has to try again, and then it is finished", async () => {
    const slow = await startEmulatedApp([], { settings: { accountCreationMs: 1_500 } });
    try {
      const { accounts } = slow.emulator.world;
      const set = accounts.set.bind(accounts);
      accounts.set = (name, created) => set(name, Object.assign(created, { stuckIn: "Failed" }));
      const request = createRequest(slow.emulator, { isolation: "volume", isHnsEnabled: "true" });
      const again = { operation: "storageAccounts/create" };
      slow.emulator.faults.add({ match: again, skip: 1, action: { status: 400, code: "NotNow", message: "No." } });
      await refused(slow.csi.controller("CreateVolume", request), status.UNAVAILABLE, "is in state Failed");
      const [account = assert.fail()] = accounts.values();
      const { volume_id: id } = await create(slow, request);
      assert.deepEqual([id.split("#")[1], accounts.size, account.stuckIn], [account.name, 1, undefined]);
      assert.equal(account.properties["isHnsEnabled"], true);
    } finally {
      await slow.stop();
    }
  });

  it("and stays Failed gets no volume and no second account, and the message names it, its state and a safe way out", async () => {
    const account = await stuck({}, "Failed");
    const containers = heldContainers(app.emulator.world).length;
    const refusal = { status: 409, code: "StorageAccountIsNotProvisioned", message: "No." };
    app.emulator.faults.add({ match: { operation: "storageAccounts/create" }, times: -1, action: refusal });
    const request = createRequest(app.emulator);
    const message = new RegExp(
      `storage account ${account.name} in resource group ${account.resourceGroup} is in state Failed, .*not touched.*` +
        "Azure did not accept the controller's own attempt: finishing storage account .*StorageAccountIsNotProvisioned.*" +
        `az storage account update --resource-group ${account.resourceGroup} --name ${account.name} --https-only true$`,
    );
    const details = await refused(app.csi.controller("CreateVolume", request), status.ABORTED, message);
    assert.doesNotMatch(details, /delete|remove/i);
    assert.equal(app.emulator.world.accounts.size, 1);
    assert.equal(heldContainers(app.emulator.world).length, containers);

    app.emulator.faults.clear();
    const { volume_id: id } = await create(app, request);
    assert.equal(id.split("#")[1], account.name);
  });

  it("and lost its tags is not written, since its tags would come back with it", async () => {
    const account = await stuck({}, "Failed", { tags: { owner: "ops" } });
    await refused(
      app.csi.controller("CreateVolume", createRequest(app.emulator)),
      status.UNAVAILABLE,
      /is in state Failed, since its last change did not succeed/,
    );
    assert.deepEqual(account.tags, { owner: "ops" });
    assert.deepEqual(puts(), []);
  });

  it("and is an administrator's is never written", async () => {
    const { world, info } = app.emulator;
    const source = await stuck({}, "Failed");
    const id = source.id.replace(source.name, "given");
    const tags = { "keyless-csi.cluster": "emulator" };
    world.accounts.set("given", { ...structuredClone(source), id, name: "given", tags });
    const request = createRequest(app.emulator, { storageAccount: "given", resourceGroup: info.resourceGroup });
    await refused(
      app.csi.controller("CreateVolume", request),
      status.UNAVAILABLE,
      /storage account given in resource group \S+ is in state Failed/,
    );
    assert.deepEqual(puts(), []);
  });

  it("and is being deleted is waited for by the caller, and the volume gets an account of the same name then", async () => {
    const account = await stuck({}, "Deleting");
    const request = createRequest(app.emulator);
    const begun = performance.now();
    await refused(
      app.csi.controller("CreateVolume", request),
      status.ABORTED,
      new RegExp(`storage account ${account.name} .* is in state Deleting: .*it is tried again`),
    );
    assert(performance.now() - begun < 10_000, "it does not wait in silence");
    assert.deepEqual(puts(), []);
    app.emulator.world.accounts.delete(account.name);
    for (const [key, { account: name }] of app.emulator.world.containers)
      if (name === account.name) app.emulator.world.containers.delete(key);
    const { volume_id: id } = await create(app, request);
    assert.equal(id.split("#")[1], account.name);
    assert.equal(app.emulator.world.accounts.size, 1);
  });

  it("and was finished by another replica meanwhile is not written again", async () => {
    const account = await stuck({}, "Failed");
    const azure = await startEmulatedArm();
    try {
      azure.emulator.world.accounts.set(account.name, account);
      const { subscriptionId, resourceGroup } = azure.emulator.info;
      const accounts = createAccounts({
        ...{ arm: azure.arm, shaping: BLOB_ACCOUNTS, rememberMs: 60_000, now: azure.now, sleep: async () => undefined },
      });
      const ref = { subscriptionId, resourceGroup, name: account.name };
      assert.equal((await accounts.find(ref))?.unfinished, "Failed");
      delete account.stuckIn;
      const finished = await accounts.finish(ref, { location: "westeurope", tags: { team: "a" }, shape: {} });
      assert.deepEqual([finished?.ref, finished?.unfinished], [ref, undefined]);
      assert.equal(account.tags?.["team"], undefined);
      const { calls } = azure.emulator.calls.report();
      assert.deepEqual(
        calls.filter(({ method }) => method === "PUT"),
        [],
      );
    } finally {
      await azure.stop();
    }
  });

  it("and does not leave a passing state is waited for two minutes and then not used", async () => {
    const account = await stuck({}, "ResolvingDNS");
    const azure = await startEmulatedArm();
    try {
      azure.emulator.world.accounts.set(account.name, account);
      const { subscriptionId, resourceGroup } = azure.emulator.info;
      const slept: number[] = [];
      const sleep = async (milliseconds: number) => void slept.push(milliseconds);
      const accounts = createAccounts({
        ...{ arm: azure.arm, shaping: BLOB_ACCOUNTS, rememberMs: 60_000, now: azure.now, sleep },
      });
      const ref = { subscriptionId, resourceGroup, name: account.name };
      assert.equal((await accounts.find(ref))?.unfinished, "ResolvingDNS");
      assert.equal(
        slept.reduce((sum, each) => sum + each, 0),
        120_000,
      );
      assert.equal(accounts.remembered(ref), undefined);
    } finally {
      await azure.stop();
    }
  });
});

describe("a PUT of an account that is refused", () => {
  let app: EmulatedApp;
  beforeEach(async () => {
    app = await startEmulatedApp();
  });
  afterEach(() => app.stop());

  const puts = () => app.armCalls().filter(({ operation }) => operation === "storageAccounts/create");
  const refuse = (httpStatus: number, code: string, times = 1) =>
    app.emulator.faults.add({
      match: { operation: "storageAccounts/create" },
      times,
      action: { status: httpStatus, code, message: "No." },
    });

  for (const [httpStatus, code] of [
    [409, "StorageAccountAlreadyTaken"],
    [409, "StorageAccountNameUnavailable"],
    [400, "ReservedResourceName"],
    [409, "DnsNameInUse"],
    [409, "AccountAlreadyExists"],
    [400, "AccountNameReserved"],
  ] as const) {
    it(`as ${code} is about the name: the next one is taken`, async () => {
      refuse(httpStatus, code);
      await create(app, createRequest(app.emulator));
      assert.equal(puts().length, 2);
      const [{ tags = {} } = {}] = app.emulator.world.accounts.values();
      assert.equal(tags["keyless-csi.attempt"], "1");
    });
  }

  it("for every name is reported after as many attempts as there are names", async () => {
    refuse(409, "StorageAccountNameUnavailable", -1);
    await refused(
      app.csi.controller("CreateVolume", createRequest(app.emulator)),
      status.FAILED_PRECONDITION,
      /every account name computed for this class is held by somebody else/,
    );
    assert.equal(puts().length, ACCOUNT_NAME_ATTEMPTS);
    assert.equal(app.emulator.world.accounts.size, 0);
  });

  for (const [httpStatus, code] of [
    [400, "AccountNameInvalid"],
    [400, "StorageAccountNameNotValid"],
    [400, "InvalidTagNameCharacters"],
    [400, "ResourceGroupNameTooLong"],
    [409, "CustomDomainNameInUse"],
    [403, "RequestDisallowedByPolicy"],
    [403, "AccountNameDisallowed"],
    [409, "AccountQuotaExceeded"],
    [400, "HierarchicalNamespaceNotSupported"],
    [409, "StorageAccountTypeNotAvailable"],
  ] as const) {
    it(`as ${code} (${httpStatus}) is not about a name that is taken: no other is tried`, async () => {
      refuse(httpStatus, code, -1);
      // What becomes of the refusal is the business of faults.ts.
      await assert.rejects(app.csi.controller("CreateVolume", createRequest(app.emulator)), new RegExp(code));
      const paths = app.emulator.calls.report().calls.filter(({ method }) => method === "PUT");
      assert.equal(new Set(paths.map(({ path }) => path)).size, 1);
      assert.equal(app.emulator.world.accounts.size, 0);
    });
  }

  it("as one that exists here by any code of that kind is looked at, and used when it is ours", async () => {
    app.emulator.faults.add({
      match: { operation: "storageAccounts/create" },
      action: { status: 409, code: "AccountNameAlreadyUsedByYou", message: "No.", when: "after" },
    });
    await create(app, createRequest(app.emulator));
    assert.equal(app.emulator.world.accounts.size, 1);
    assert.equal(puts().length, 1);
  });
});
