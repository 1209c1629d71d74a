// The background check of volumes in use: a container, an account or a role assignment that is gone is found by a few lists,
// believed only after single reads in two rounds, and reported on the claim.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { administratorToken, send } from "../support/emulator-client.ts";
import { createMemoryLease } from "../support/memory-lease.ts";
import { startVolumesInUse, type VolumesInUse } from "../support/volumes-in-use.ts";

const LISTS = ["storageAccounts/listByGroup", "roleAssignments/list", "containers/list"];

describe("the check of volumes in use", () => {
  let use: VolumesInUse;
  afterEach(() => use.app.stop());
  const messageFor = (claim: string) =>
    use.cluster.warnings.find(({ name }) => name === claim)?.message ?? assert.fail(`no event on ${claim}`);
  const logged = (text: string) => use.app.log().split(text).length - 1;
  const summary = (checked: number, lost: string) =>
    logged(`"volumes in use that have lost something in Azure, of ${checked}: ${lost}"`);
  const writes = () => use.app.armCalls().filter(({ method }) => method !== "GET");

  it("costs three lists while nothing is gone, and says nothing", async () => {
    use = await startVolumesInUse();
    await use.bind("one");
    await use.bind("two");
    assert.deepEqual(await use.gauges(), [undefined, undefined, undefined], "left out before the first round");
    use.app.forgetCalls();
    assert.equal(await use.round(), "done");
    assert.deepEqual(use.calls(), LISTS);
    assert.deepEqual(await use.gauges(), [2, 0, 0]);
    assert.deepEqual(use.warned(), []);
    assert.equal(logged("volumes in use that have lost"), 0);
  });

  it("finds a container that is gone in two rounds, says how to restore it, and changes nothing in Azure", async () => {
    use = await startVolumesInUse();
    const volume = await use.bind("lost");
    await use.bind("kept");
    use.loseContainer(volume);
    use.app.forgetCalls();
    assert.equal(await use.round(), "done");
    assert.deepEqual(use.calls(), [...LISTS, "containers/get"]);
    assert.deepEqual([use.warned(), await use.gauges()], [[], [2, 0, 0]]);
    assert.equal(await use.round(), "done");
    assert.deepEqual(use.warned(), ["lost StorageMissing"]);
    assert.deepEqual(await use.gauges(), [2, 1, 0]);
    assert.deepEqual(writes(), []);
    const account = volume.volume_context["storageaccount"];
    const container = volume.volume_context["containerName"];
    assert.match(
      messageFor("lost"),
      new RegExp(
        `^container ${container} of this claim is gone from storage account ${account} in .*, noticed at 20\\d\\d-\\S+Z: .*` +
          `az storage container restore --account-name ${account} --auth-mode login --name ${container} --deleted-version`,
      ),
    );
    assert.equal(summary(2, "1 their container, 0 their role assignment"), 1);
    use.app.forgetCalls();
    await use.round();
    assert.deepEqual(use.calls(), LISTS, "what is certain is not read again");
    assert.equal(new Set(use.cluster.warnings.map(({ message }) => message)).size, 1, "the same text each time");
    assert.equal(logged('"warning":"StorageMissing"'), 1, "in the log once");
  });

  it("ends with a container that was restored", async () => {
    use = await startVolumesInUse();
    const restore = use.loseContainer(await use.bind("lost"));
    await use.round();
    await use.round();
    assert.deepEqual(await use.gauges(), [1, 1, 0]);
    const before = use.cluster.warnings.length;
    restore();
    await use.round();
    assert.deepEqual(await use.gauges(), [1, 0, 0]);
    assert.equal(use.cluster.warnings.length, before);
    assert.equal(summary(1, "none any more"), 1);
  });

  it("does not believe what only one round has seen", async () => {
    use = await startVolumesInUse();
    const volume = await use.bind("flickering");
    for (let rounds = 0; rounds < 3; rounds++) {
      const restore = use.loseContainer(volume);
      await use.round();
      restore();
      await use.round();
    }
    assert.deepEqual([use.warned(), await use.gauges()], [[], [1, 0, 0]]);
  });

  it("does not believe lists of role assignments, which lag", async () => {
    use = await startVolumesInUse([], { settings: { assignmentListLagMs: 86_400_000 } });
    await use.bind("pooled");
    await use.bind("shared", {}, { isolation: "namespace", grantScope: "account" });
    for (let rounds = 0; rounds < 3; rounds++) assert.equal(await use.round(), "done");
    assert.ok(use.calls().includes("roleAssignments/get"));
    assert.deepEqual([use.warned(), await use.gauges()], [[], [2, 0, 0]]);
  });

  it("finds a role assignment that is gone; the command of the event puts it back, and DeleteVolume removes it", async () => {
    use = await startVolumesInUse();
    const volume = await use.bind("closed");
    await use.bind("open");
    use.loseAccess(volume);
    await use.round();
    assert.deepEqual(use.warned(), []);
    await use.round();
    assert.deepEqual([use.warned(), await use.gauges()], [["closed AccessMissing"], [2, 0, 1]]);
    assert.deepEqual(
      writes().slice(-1)[0]?.operation,
      "roleAssignments/create",
      "of the volumes, and none by the check",
    );
    const message = messageFor("closed");
    assert.match(
      message,
      new RegExp(`to the identity with client id ${volume.volume_context["clientID"]}, noticed at`),
    );
    assert.equal(use.granted(), 1);
    await asAdministrator(message);
    await use.round();
    assert.deepEqual(await use.gauges(), [2, 0, 0]);
    const phases = use.cluster.persistentVolumes.splice(0);
    assert.equal(phases.length, 2);
    await use.app.csi.controller("DeleteVolume", { volume_id: volume.volume_id });
    const { scope } = partsOf(message);
    assert.deepEqual(
      [...use.app.emulator.world.roleAssignments.values()].filter((each) => each.scope === scope),
      [],
    );
  });

  /** What `az role assignment create` is asked to do. */
  function partsOf(message: string) {
    const command = message.slice(message.indexOf("az role assignment create"));
    const flagOf = (flag: string) => new RegExp(`--${flag} (\\S+)`).exec(command)?.[1] ?? assert.fail(flag);
    return {
      name: flagOf("name"),
      principalId: flagOf("assignee-object-id"),
      role: flagOf("role"),
      scope: flagOf("scope"),
    };
  }

  /** As az sends it: a GUID as role is one of the scope's subscription. */
  async function asAdministrator(message: string): Promise<void> {
    const { name, principalId, role, scope } = partsOf(message);
    const [, subscription] = /^(\/subscriptions\/[^/]+)\//.exec(scope) ?? [];
    const roleDefinitionId = `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${role}`;
    const path = `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}?api-version=2022-04-01`;
    const answer = await send(use.app.emulator, path, {
      method: "PUT",
      headers: {
        authorization: `Bearer ${await administratorToken(use.app.emulator)}`,
        "content-type": "application/json",
      },
      body: JSON.stringify({ properties: { roleDefinitionId, principalId, principalType: "ServicePrincipal" } }),
    });
    assert.equal(answer.status, 201, answer.text);
  }

  it("finds that an account's role assignment is gone, for each volume that relied on it", async () => {
    use = await startVolumesInUse();
    const shared = { isolation: "namespace", grantScope: "account" };
    const volume = await use.bind("one", {}, shared);
    await use.bind("two", {}, shared);
    // What the second volume relies on is read once more behind it, and would be put back (decision 0017).
    await Promise.all([use.app.untilTask(), use.app.time.advance(30_000)]);
    use.loseAccess(volume);
    await use.round();
    await use.round();
    assert.deepEqual(use.warned(), ["one AccessMissing", "two AccessMissing"]);
    await asAdministrator(messageFor("two"));
    await use.round();
    assert.deepEqual(await use.gauges(), [2, 0, 1]);
  });

  it("takes no role assignment for missing where an administrator has given the identity another one", async () => {
    use = await startVolumesInUse();
    const volume = await use.bind("opened-otherwise");
    const { world } = use.app.emulator;
    const [granted] = [...world.roleAssignments.values()].filter(({ scope }) => scope.includes("/containers/"));
    assert(granted);
    use.loseAccess(volume);
    const name = randomUUID();
    const scope = granted.scope.replace(/\/blobServices.*$/, "");
    world.roleAssignments.set(name, {
      ...granted,
      name,
      scope,
      roleDefinitionName: "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    });
    await use.round();
    await use.round();
    assert.deepEqual([use.warned(), await use.gauges()], [[], [1, 0, 0]]);
  });

  it("believes the client id of the PersistentVolume, and not what a workload writes into metadata", async () => {
    use = await startVolumesInUse();
    const [open, closed] = [await use.bind("open"), await use.bind("closed")];
    const stranger = randomUUID();
    for (const volume of [open, closed]) {
      const container = use.app.emulator.world.containers.get(volume.volume_id.split("#").slice(1, 3).join("/"));
      assert(container);
      container.metadata["keyless_principals"] = stranger;
    }
    use.loseAccess(closed);
    await use.round();
    await use.round();
    assert.deepEqual(use.warned(), ["closed AccessMissing"]);
    assert.equal(partsOf(messageFor("closed")).principalId, use.app.emulator.info.identities[0]?.principalId);
    assert(!use.cluster.warnings.some(({ message }) => message.includes(stranger)));
    assert.deepEqual(await use.gauges(), [2, 0, 1]);
    await asAdministrator(messageFor("closed"));
    await use.round();
    assert.deepEqual(await use.gauges(), [2, 0, 0]);
  });

  it("names the principal of the metadata with a proviso where the identity cannot be read", async () => {
    use = await startVolumesInUse(["--identity-scopes", "5d1c0e7a-0000-4000-8000-000000000000/nowhere"]);
    const [{ clientId = "", principalId = "" } = {}] = use.app.emulator.info.identities;
    const volume = await use.bind("closed", {}, { clientID: clientId, principalID: principalId });
    use.loseAccess(volume);
    await use.round();
    await use.round();
    assert.equal(partsOf(messageFor("closed")).principalId, principalId);
    assert.match(messageFor("closed"), new RegExp(`\\(if az ad sp show --id ${clientId} --query id prints the same`));
  });

  it("finds an account that is gone with all its volumes by one read", async () => {
    use = await startVolumesInUse();
    const volume = await use.bind("one");
    await use.bind("two");
    await use.bind("elsewhere", {}, { isolation: "volume" });
    const account = volume.volume_context["storageaccount"] ?? "";
    use.app.emulator.world.accounts.delete(account);
    for (const key of [...use.app.emulator.world.containers.keys()]) {
      if (key.startsWith(`${account}/`)) use.app.emulator.world.containers.delete(key);
    }
    use.app.forgetCalls();
    await use.round();
    assert.deepEqual(use.calls(), [...LISTS, "storageAccounts/get"]);
    await use.round();
    assert.deepEqual(use.warned(), ["one StorageMissing", "two StorageMissing"]);
    assert.match(
      messageFor("one"),
      new RegExp(`^storage account ${account} in resource group .* is gone.*within 14 days`),
    );
    assert.deepEqual(await use.gauges(), [3, 2, 0]);
  });

  it("leaves alone what is not Bound, not made by this driver, in another group, or of another cluster", async () => {
    use = await startVolumesInUse();
    const others = [{ phase: "Released" }, { provisioner: "blob.csi.azure.com" }, { handle: "x#y#z" }];
    for (const [index, overrides] of others.entries()) use.loseContainer(await use.bind(`other-${index}`, overrides));
    const volume = await use.bind("by-hand");
    use.loseContainer(volume);
    const { provisioner: _, ...byHand } = use.cluster.persistentVolumes.pop() ?? assert.fail("no volume");
    use.cluster.persistentVolumes.push(byHand);
    use.cluster.persistentVolumes.push({
      ...byHand,
      provisioner: "keyless.blob.csi",
      handle: volume.volume_id.replace(/^[^#]+/, "another-group"),
    });
    use.app.forgetCalls();
    await use.round();
    await use.round();
    assert.deepEqual([use.calls(), use.warned(), await use.gauges()], [[], [], [0, 0, 0]]);
  });

  for (const [what, tags] of [
    ["mark", { "keyless-csi.cluster-uid": randomUUID() }],
    ["id", { "keyless-csi.cluster": "another" }],
  ] as const) {
    it(`leaves alone an account that carries another cluster's ${what}`, async () => {
      use = await startVolumesInUse();
      const volume = await use.bind("restored-here");
      use.loseContainer(volume);
      const account = use.app.emulator.world.accounts.get(volume.volume_context["storageaccount"] ?? "");
      assert(account);
      account.tags = { ...account.tags, ...tags };
      await use.round();
      await use.round();
      assert.deepEqual([use.warned(), await use.gauges()], [[], [0, 0, 0]]);
      account.tags = {};
      await use.round();
      await use.round();
      assert.deepEqual([use.warned(), await use.gauges()], [["restored-here StorageMissing"], [1, 1, 0]]);
    });
  }

  it("is run by the replica that holds the Lease alone; the gauges of the other are left out", async () => {
    const lease = createMemoryLease();
    use = await startVolumesInUse([], { leases: lease.connect() });
    const volume = await use.bind("lost");
    use.loseContainer(volume);
    await use.round();
    const second = await startVolumesInUse([], { leases: lease.connect(), emulator: use.app.emulator });
    try {
      second.cluster.persistentVolumes.push(...use.cluster.persistentVolumes);
      await use.round();
      await second.app.time.advance(30_000);
      assert.deepEqual([use.warned(), second.warned()], [["lost StorageMissing"], []]);
      assert.deepEqual(await second.gauges(), [undefined, undefined, undefined]);
    } finally {
      await second.app.stop();
    }
  });

  it("does not run with --drift-check-interval=off", async () => {
    use = await startVolumesInUse(["--drift-check-interval", "off"]);
    use.loseContainer(await use.bind("lost"));
    use.app.forgetCalls();
    await use.app.time.advance(86_400_000);
    assert.deepEqual([use.calls(), await use.gauges()], [[], [undefined, undefined, undefined]]);
  });
});
