// Where Azure may differ from its documentation, the driver is right either way: each case runs with the emulator's variant
// off and on, and ends with the same in Azure.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { status } from "@grpc/grpc-js";
import { runOrphans } from "../../src/commands/orphans.ts";
import { DATA_ROLE_ID, EARLIER_DATA_ROLE_ID } from "../../src/emulator/seed/roles.ts";
import type { EmulatorSettings } from "../../src/emulator/settings.ts";
import { ALL_VARIANTS, type AzureVariants, NO_VARIANTS } from "../../src/emulator/variants.ts";
import type { RoleAssignment } from "../../src/emulator/world.ts";
import { accountId } from "../../src/volume/formats/arm-ids.ts";
import { startAppInCluster } from "../support/app-in-cluster.ts";
import { create, createRequest, type EmulatedApp } from "../support/emulated-app.ts";
import { administratorToken, send } from "../support/emulator-client.ts";
import type { FakeCluster } from "../support/fake-cluster.ts";
import { heldContainers, heldRoleAssignments } from "../support/held.ts";
import { refused } from "../support/refused.ts";
import { createSink } from "../support/sink.ts";

const EITHER_WAY: readonly (readonly [string, AzureVariants])[] = [
  ["as documented", NO_VARIANTS],
  ["with every variant", ALL_VARIANTS],
];

describe("the driver, where Azure may differ", () => {
  let app: EmulatedApp;
  let cluster: FakeCluster;
  let seeded: ReadonlySet<string>;

  async function start(settings: Partial<EmulatorSettings>): Promise<void> {
    ({ app, cluster } = await startAppInCluster([], { settings }));
    seeded = new Set(heldRoleAssignments(app.emulator.world).map(({ name }) => name));
  }
  afterEach(() => app.stop());

  const assignments = (): RoleAssignment[] =>
    heldRoleAssignments(app.emulator.world).filter(({ name }) => !seeded.has(name));
  const remove = (id: string) => app.csi.controller("DeleteVolume", { volume_id: id });
  const scopeOf = (id: string) => {
    const [resourceGroup = "", name = "", container = ""] = id.split("#");
    const { subscriptionId } = app.emulator.info;
    const account = accountId({ subscriptionId, resourceGroup, name });
    return { account, container: `${account}/blobServices/default/containers/${container}` };
  };
  const administrate = async (method: string, path: string) => {
    const token = await administratorToken(app.emulator);
    const version = path.includes("Microsoft.Authorization") ? "2022-04-01" : "2025-06-01";
    const headers = { authorization: `Bearer ${token}` };
    const answer = await send(app.emulator, `${path}?api-version=${version}`, { method, headers });
    assert(answer.status < 300, answer.text);
  };
  const nothing = () => [
    app.emulator.world.accounts.size,
    heldContainers(app.emulator.world).length,
    assignments().length,
  ];
  const settle = () => app.emulator.clock.advance(60_000);

  for (const [name, variants] of EITHER_WAY) {
    for (const grantScope of ["container", "account"]) {
      it(`${name}: a volume whose role assignment (at the ${grantScope}) no list shows yet is deleted with it`, async () => {
        await start(variants);
        const request = createRequest(app.emulator, { isolation: "volume", grantScope });
        const { volume_id: id } = await create(app, request);
        assert.equal((await create(app, request)).volume_id, id);
        assert.equal(assignments().length, 1);
        await remove(id);
        assert.deepEqual(nothing(), [0, 0, 0]);
        await remove(id);
      });
    }

    it(`${name}: a removal whose answer was lost is repeated, and counts as done`, async () => {
      await start(variants);
      const { volume_id: id } = await create(app, createRequest(app.emulator, { isolation: "volume" }));
      app.emulator.faults.add({ match: { operation: "roleAssignments/delete" }, action: { reset: "after" } });
      await remove(id);
      assert.deepEqual(nothing(), [0, 0, 0]);
    });

    it(`${name}: ListVolumes shows every volume once, and every call goes to ARM's own host`, async () => {
      await start(variants);
      const ids: string[] = [];
      for (let count = 0; count < 5; count++) ids.push((await create(app, createRequest(app.emulator))).volume_id);
      const found: string[] = [];
      let token = "";
      do {
        const page = await app.csi.controller("ListVolumes", { max_entries: 2, starting_token: token });
        found.push(...page.entries.map(({ volume }) => volume?.volume_id ?? ""));
        token = page.next_token;
      } while (token !== "");
      assert.deepEqual(found.sort(), ids.sort());
      const hosts = app.emulator.calls.report().calls.map(({ host }) => host);
      assert.deepEqual([...new Set(hosts)], ["127.0.0.1"]);
    });

    it(`${name}: a list of more than a page is read to its end, at ARM's own host`, async () => {
      await start(variants);
      const { volume_id: id } = await create(app, createRequest(app.emulator, { isolation: "volume" }));
      const [own = assert.fail()] = assignments();
      for (let count = 0; count < 1_100; count++) {
        const other = {
          ...own,
          name: randomUUID(),
          scope: `${scopeOf(id).account}/queueServices/default/queues/q${count}`,
        };
        app.emulator.world.roleAssignments.set(other.name, other);
      }
      settle();
      app.forgetCalls();
      await remove(id);
      assert.deepEqual([assignments().length, app.emulator.world.accounts.size], [1_100, 0]);
      const { calls } = app.emulator.calls.report();
      assert(
        calls.some(({ query }) => /skiptoken/i.test(query)),
        "there was only one page",
      );
      assert.deepEqual([...new Set(calls.map(({ host }) => host))], ["127.0.0.1"]);
    });

    it(`${name}: an account that takes time is created once, whether its creation may be polled or not`, async () => {
      await start({ ...variants, accountCreationMs: 1_500 });
      await create(app, createRequest(app.emulator, { isolation: "volume" }));
      const polls = app.armCalls().filter(({ operation }) => operation === "storageAccounts/poll");
      assert.equal(polls.at(-1)?.status, variants.pollNeedsRight ? 403 : 200);
      assert.equal(app.emulator.world.accounts.size, 1);
    });

    it(`${name}: an account is created with infrastructure encryption`, async () => {
      await start(variants);
      await create(app, createRequest(app.emulator, { requireInfraEncryption: "true" }));
      const [account = assert.fail()] = app.emulator.world.accounts.values();
      const { encryption } = account.properties as { encryption?: { requireInfrastructureEncryption?: boolean } };
      assert.equal(encryption?.requireInfrastructureEncryption, true);
    });

    it(`${name}: a Premium class that states its one tier gets its account`, async () => {
      await start(variants);
      await create(app, createRequest(app.emulator, { skuName: "Premium_LRS", accessTier: "Premium" }));
      const [account = assert.fail()] = app.emulator.world.accounts.values();
      assert.equal(account.kind, "BlockBlobStorage");
    });

    it(`${name}: the role assignment at a container that others have deleted is removed with the volume`, async () => {
      await start({ ...variants, vanishedDeleteRefused: false });
      const { volume_id: id } = await create(app, createRequest(app.emulator));
      settle();
      await administrate("DELETE", scopeOf(id).container);
      assert.equal(assignments().length, 1);
      await remove(id);
      assert.equal(assignments().length, 0);
    });
  }

  it("what Azure does not let the controller remove is reported, keeps its account, and does not stop the deletion", async () => {
    await start(ALL_VARIANTS);
    const { volume_id: id } = await create(app, createRequest(app.emulator, { isolation: "volume" }));
    settle();
    const { account, container } = scopeOf(id);
    await administrate("DELETE", container);
    await remove(id);
    const [left] = assignments();
    assert.deepEqual([left?.scope, app.emulator.world.accounts.size], [container, 1]);
    const assignment = `${container}/providers/Microsoft.Authorization/roleAssignments/${left?.name}`;
    const asked = `an Owner of the subscription must, with \`az role assignment delete --ids ${assignment}\``;
    assert(app.log().includes(JSON.stringify(asked).slice(1, -1)), "the log does not say who can remove it");
    const before = await orphans();
    assert.deepEqual(
      before.map(({ kind, outcome }) => `${kind} ${outcome}`),
      ["role assignment failed", "account failed"],
    );
    assert(
      before.every(({ why = "" }) => why.includes(asked)),
      JSON.stringify(before),
    );
    assert.deepEqual([assignments().length, app.emulator.world.accounts.size], [1, 1]);
    await administrate("DELETE", assignment);
    assert.deepEqual(
      (await orphans()).map(({ id: gone, outcome }) => `${gone} ${outcome}`),
      [`${account} removed`],
    );
    assert.deepEqual(nothing(), [0, 0, 0]);
  });

  it("a refusal at a container that exists stays one: nothing is deleted without its role assignment", async () => {
    await start(ALL_VARIANTS);
    const { volume_id: id } = await create(app, createRequest(app.emulator));
    settle();
    const [assignment] = assignments();
    app.emulator.faults.add({
      match: { operation: "roleAssignments/delete" },
      times: -1,
      action: { status: 403, code: "AuthorizationFailed", message: "scripted" },
    });
    await refused(
      remove(id),
      status.UNAVAILABLE,
      /removing role assignment .* failed \(AuthorizationFailed, HTTP 403\)/,
    );
    assert.deepEqual([assignments()[0]?.name, heldContainers(app.emulator.world).length], [assignment?.name, 1]);
    app.emulator.faults.clear();
    await remove(id);
    assert.equal(assignments().length, 0);
  });

  it("a role that not all of Azure knows yet is tried again, and no final code is answered meanwhile", async () => {
    await start({ roleDefinitionFlipMs: 300_000 });
    const { world, clock } = app.emulator;
    const role = world.roleDefinitions.get(DATA_ROLE_ID) ?? assert.fail();
    world.roleDefinitions.set(DATA_ROLE_ID, { ...role, changedAt: clock.now() });
    world.roleDefinitions.delete(EARLIER_DATA_ROLE_ID);
    const request = createRequest(app.emulator);
    await refused(
      create(app, request),
      status.UNAVAILABLE,
      /RoleDefinitionDoesNotExist.*take minutes to be in force everywhere.* tried again/,
    );
    assert.deepEqual(nothing(), [0, 0, 0]);
    let answered = "";
    for (let attempt = 0; attempt < 4 && answered === ""; attempt++) {
      answered = await create(app, request).then(
        ({ volume_id: id }) => id,
        (error: { code: status }) => {
          assert.equal(status[error.code], "UNAVAILABLE");
          return "";
        },
      );
    }
    assert.notEqual(answered, "");
    assert.equal(assignments().length, 1);
  });

  it("a right that not all of Azure knows yet is tried again, and no final code is answered meanwhile", async () => {
    await start({});
    app.emulator.faults.add({
      match: { operation: "storageAccounts/get" },
      times: -1,
      action: { status: 403, code: "AuthorizationFailed", message: "scripted" },
    });
    const request = createRequest(app.emulator);
    await refused(
      create(app, request),
      status.UNAVAILABLE,
      /AuthorizationFailed.*`keyless-csi roles` prints.*tried again/,
    );
    app.emulator.faults.clear();
    await create(app, request);
  });

  it("an assignment that exists under its own name although no read finds it is taken as ours", async () => {
    await start({ assignmentReadLagMs: 15_000 });
    const request = createRequest(app.emulator);
    await create(app, request);
    const [first] = assignments();
    app.emulator.faults.add({
      match: { operation: "roleAssignments/create" },
      times: -1,
      action: {
        status: 409,
        code: "RoleAssignmentExists",
        message:
          "The role assignment already exists. The ID of the existing role assignment is " +
          `${first?.name.replaceAll("-", "")}.`,
      },
    });
    await create(app, request);
    assert.match(app.log(), /"role assignment in place".*"how":"found"/);
    app.emulator.faults.clear();
    await remove((await create(app, request)).volume_id);
    assert.equal(assignments().length, 0);
  });

  /** Runs `orphans --delete` at once; without any other cluster's volumes. */
  async function orphans() {
    const out = createSink();
    const values = { olderThan: 0, delete: true, evenAll: true, output: "json" as const };
    cluster.claims.set("team/other", { uid: randomUUID(), isBoundLate: false });
    await runOrphans({ config: app.config, values, cluster, stdout: out.stream, stderr: createSink().stream });
    const { findings } = JSON.parse(out.text()) as {
      findings: { kind: string; id: string; outcome: string; why?: string }[];
    };
    return findings;
  }
});
