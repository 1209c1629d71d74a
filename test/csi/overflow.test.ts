// A class goes on in the next place of --overflow when a quota of Azure is met: one volume is never in two places, whatever
// happens between two attempts.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import { runOrphans } from "../../src/commands/orphans.ts";
import { checkController } from "../../src/config/controller.ts";
import { isFinal } from "../../src/csi/call.ts";
import type { Emulator } from "../../src/emulator/emulator.ts";
import { create, type EmulatedApp, type EmulatedAppOptions, startEmulatedApp } from "../support/emulated-app.ts";
import { addSubscription } from "../support/emulated-rights.ts";
import { createFakeCluster, type FakeCluster } from "../support/fake-cluster.ts";
import { heldContainers, heldRoleAssignments } from "../support/held.ts";
import { SAFE_MOUNT } from "../support/safe-mount.ts";
import { createSink } from "../support/sink.ts";

type Parameters = Record<string, string>;
type Place = ReturnType<typeof addSubscription>;

/** Of accounts in a region, and of role assignments in a subscription: small, so that a test can meet them. */
const QUOTAS = { accountsPerRegion: 5, roleAssignmentsPerSubscription: 60 };

describe("overflow (--overflow)", () => {
  let app: EmulatedApp;
  let cluster: FakeCluster;
  let further: Place;
  const apps: EmulatedApp[] = [];
  afterEach(async () => {
    for (const each of apps.splice(0).reverse()) await each.stop();
  });

  const flagsFor = ({ subscriptionId, resourceGroup }: Place) => ["--overflow", `${subscriptionId}/${resourceGroup}`];

  async function start(flags: readonly string[] = [], options: EmulatedAppOptions = {}): Promise<void> {
    const all = (emulator: Emulator) => {
      further = addSubscription(emulator);
      return [...flagsFor(further), "--drift-check-interval", "off", ...flags];
    };
    app = await startEmulatedApp(all, {
      clusterFor: ({ issuer }) => {
        cluster = createFakeCluster(issuer.issuer);
        cluster.namespaces.set("team", "uid-team");
        return cluster;
      },
      patience: { retryDelayMs: 1 },
      settings: QUOTAS,
      ...options,
    });
    apps.push(app);
  }

  /** The service after a crash, or another replica: it remembers nothing. */
  async function another(flags: readonly string[] = flagsFor(further)): Promise<EmulatedApp> {
    const replica = await startEmulatedApp(["--drift-check-interval", "off", ...flags], {
      emulator: app.emulator,
      clusterFor: () => cluster,
      patience: { retryDelayMs: 1 },
    });
    apps.push(replica);
    return replica;
  }

  function request(parameters: Parameters = {}) {
    const uid = randomUUID();
    cluster.claims.set(`team/${uid}`, { uid, isBoundLate: false });
    const identity = app.emulator.info.identities[0];
    return {
      name: `pvc-${uid}`,
      volume_capabilities: [{ mount: SAFE_MOUNT, access_mode: { mode: "SINGLE_NODE_WRITER" as const } }],
      parameters: {
        clientID: identity?.clientId ?? "",
        principalID: identity?.principalId ?? "",
        ...parameters,
        "csi.storage.k8s.io/pvc/name": uid,
        "csi.storage.k8s.io/pvc/namespace": "team",
      },
    };
  }

  const world = () => app.emulator.world;
  const home = () => app.config.subscriptionId;

  /** Accounts of others, as many as the region of the first subscription takes. */
  function fillAccounts(): () => void {
    const { accounts } = world();
    const here = () => [...accounts.values()].filter(({ subscriptionId }) => subscriptionId === home()).length;
    const added: string[] = [];
    while (here() < QUOTAS.accountsPerRegion) {
      const name = `others${added.length}`;
      const place = { subscriptionId: home(), resourceGroup: "others", location: app.config.location };
      accounts.set(name, { name, ...place, tags: {}, properties: {} } as never);
      added.push(name);
    }
    return () => added.forEach((name) => void accounts.delete(name));
  }

  /** Role assignments of others, as many as a subscription takes. */
  function fillAssignments(subscriptionId: string): () => void {
    const { roleAssignments } = world();
    const scope = `/subscriptions/${subscriptionId}/resourceGroups/others`;
    const here = () => heldRoleAssignments(world()).filter((each) => each.scope.includes(subscriptionId)).length;
    const [template] = roleAssignments.values();
    const added: string[] = [];
    while (here() < QUOTAS.roleAssignmentsPerSubscription) {
      const name = randomUUID();
      roleAssignments.set(name, { ...template, name, scope, principalId: randomUUID() } as never);
      added.push(name);
    }
    return () => added.forEach((name) => void roleAssignments.delete(name));
  }

  /** Where the containers of a volume are, by subscription. */
  function placesOf(name: string): (string | undefined)[] {
    return heldContainers(world())
      .filter((container) => container.name === name)
      .map(({ account }) => world().accounts.get(account)?.subscriptionId);
  }
  const refusal = (asked: Promise<unknown>) =>
    asked.then(
      () => assert.fail("it was not refused"),
      (error: { code: status; details: string }) => error,
    );
  const calls = (of = app) => of.armCalls().map(({ operation }) => operation);
  const puts = () => calls().filter((operation) => operation === "storageAccounts/create").length;

  for (const [isolation, parameters] of Object.entries({
    pool: {},
    namespace: { isolation: "namespace", grantScope: "account" },
    volume: { isolation: "volume" },
  }) as [string, Parameters][]) {
    it(`isolation ${isolation}: when the region has no room for an account, the volume is made in the next place and region stays`, async () => {
      await start();
      fillAccounts();
      const asked = request({ ...parameters, location: "westeurope" });
      const volume = await create(app, asked);
      assert.deepEqual(placesOf(asked.name), [further.subscriptionId]);
      assert.equal(volume.volume_context["subscriptionid"], further.subscriptionId);
      assert.equal(volume.volume_context["resourcegroup"], further.resourceGroup);
      const account = world().accounts.get(volume.volume_context["storageaccount"] ?? "");
      assert.equal(account?.location, "westeurope");
      assert.equal(account?.properties["allowSharedKeyAccess"], false);
      const assignments = heldRoleAssignments(world()).filter(({ scope }) => scope.includes("/storageAccounts/"));
      assert.equal(assignments.length, 1);
      assert.ok(assignments[0]?.scope.includes(further.subscriptionId));
      await app.csi.controller("DeleteVolume", { volume_id: volume.volume_id });
      assert.deepEqual(placesOf(asked.name), []);
      assert.deepEqual(
        heldRoleAssignments(world()).filter(({ scope }) => scope.includes("/storageAccounts/")),
        [],
      );
    });

    it(`isolation ${isolation}: a crash at any call leaves one container, and the retry finds it, also when there is room again`, async () => {
      await start();
      const makeRoom = fillAccounts();
      app.forgetCalls();
      await create(app, request(parameters));
      const undisturbed = app.armCalls().length;
      makeRoom();
      let kept = 0;
      for (let skip = 0; skip < undisturbed; skip++) {
        for (const reset of ["before", "after"] as const) kept += await crashAt(skip, reset, parameters);
      }
      assert.ok(kept > 0, "some attempts got as far as a container");
      console.log(`      ${2 * undisturbed} crashes, ${kept} with a container in the further place`);
    }).timeout(120_000);

    it(`isolation ${isolation}: a replica that is still creating an account when another leads makes no second container`, async () => {
      await start([], { settings: { ...QUOTAS, accountCreationMs: 20 } });
      const makeRoom = fillAccounts();
      const asked = request(parameters);
      // Azure takes 20 to 30 s for an account: as long as it takes until another replica leads.
      const path = `^/subscriptions/${further.subscriptionId}/providers/Microsoft.Storage/locations/`;
      app.emulator.faults.add({ match: { method: "GET", path }, times: -1, action: { hang: "forever" } });
      const late = create(app, asked);
      while (ownAccounts().length === 0) await delay(1);
      makeRoom();
      await inAnother(async (leading) => {
        const made = await create(leading, asked);
        app.emulator.faults.clear();
        assert.equal((await late).volume_id, made.volume_id);
        assert.equal(placesOf(asked.name).length, 1);
      });
      // One that remembers nothing finds the container, not an account that was left without one.
      await inAnother(async (next) => {
        assert.equal((await create(next, asked)).volume_id, (await late).volume_id);
        assert.equal(placesOf(asked.name).length, 1);
      });
    });
  }

  /** Every connection to ARM breaks from that call on; a service that remembers nothing goes on. 1: a container was there. */
  async function crashAt(skip: number, reset: "before" | "after", parameters: Parameters): Promise<number> {
    const at = `${skip} ${reset}`;
    for (const name of ownAccounts()) world().accounts.delete(name);
    world().containers.clear();
    const makeRoom = fillAccounts();
    const asked = request(parameters);
    app.emulator.faults.add({ match: { path: "^/subscriptions/" }, skip, times: -1, action: { reset } });
    await inAnother(async (crashing) => {
      const outcome = await create(crashing, asked).catch((error: { code: status; details: string }) => error);
      if ("code" in outcome) assert.ok(!isFinal(outcome.code), `${at}: ${outcome.details}`);
    });
    app.emulator.faults.clear();
    const before = placesOf(asked.name);
    const accounts = ownAccounts();
    makeRoom();
    await inAnother(async (fresh) => {
      const { volume_id: id } = await create(fresh, asked);
      assert.equal(placesOf(asked.name).length, 1, at);
      if (before.length > 0) assert.deepEqual(placesOf(asked.name), before, at);
      // The account of one volume is the volume's: one that exists is used.
      if (parameters["isolation"] === "volume" && accounts.length > 0) assert.deepEqual(ownAccounts(), accounts, at);
      const [, account = "", container = ""] = id.split("#");
      assert.ok(world().containers.has(`${account}/${container}`), `${at}: the id leads elsewhere`);
      await fresh.csi.controller("DeleteVolume", { volume_id: id });
      assert.deepEqual(placesOf(asked.name), [], at);
      if (parameters["isolation"] === "volume") assert.deepEqual(ownAccounts(), [], at);
    });
    return before.length;
  }
  const ownAccounts = () => [...world().accounts.keys()].filter((name) => name.startsWith("kl"));

  async function inAnother(work: (service: EmulatedApp) => Promise<void>): Promise<void> {
    const service = await another();
    try {
      await work(service);
    } finally {
      apps.splice(apps.indexOf(service), 1);
      await service.stop();
    }
  }

  it("a full region is asked once a minute, and its accounts take volumes as before", async () => {
    await start();
    const first = request();
    await create(app, first);
    fillAccounts();
    app.forgetCalls();
    const inPool = request();
    await create(app, inPool);
    assert.deepEqual(placesOf(inPool.name), [home()], "the pool's account is there");
    const others = [request({ skuName: "Standard_ZRS" }), request({ skuName: "Standard_ZRS" })];
    const own = [request({ isolation: "volume" }), request({ isolation: "volume" })];
    for (const each of [...others, ...own]) {
      await create(app, each);
      assert.deepEqual(placesOf(each.name), [further.subscriptionId]);
    }
    assert.equal(puts(), 4, "one refused; a pool's and two of one volume made");
  });

  it("a quota that Azure states only while it creates the account leads on too, unless the account is the volume's own", async () => {
    await start();
    const refuse = () =>
      app.emulator.faults.add({
        match: { path: "/asyncoperations/" },
        action: { status: 409, code: "MaxStorageAccountsCountPerSubscriptionExceeded" },
      });
    refuse();
    const pooled = request();
    await create(app, pooled);
    assert.deepEqual(placesOf(pooled.name), [further.subscriptionId]);
    const fresh = await another();
    refuse();
    const own = request({ isolation: "volume" });
    assert.ok(!isFinal((await refusal(create(fresh, own))).code));
    await create(fresh, own);
    assert.deepEqual(placesOf(own.name), [home()], "its account exists there");
  });

  it("a volume that meets the limit of role assignments waits where it is, and no further one does", async () => {
    await start();
    const makeRoom = fillAssignments(home());
    const waiting = request();
    const outcome = await refusal(create(app, waiting));
    assert.ok(!isFinal(outcome.code), outcome.details);
    assert.match(outcome.details, /holds as many role assignments as Azure allows/);
    assert.deepEqual(placesOf(waiting.name), [home()]);
    for (let count = 0; count < 3; count++) {
      const next = request();
      await create(app, next);
      assert.deepEqual(placesOf(next.name), [further.subscriptionId]);
    }
    assert.ok(!isFinal((await refusal(create(app, waiting))).code));
    assert.deepEqual(placesOf(waiting.name), [home()]);
    makeRoom();
    await create(app, waiting);
    assert.deepEqual(placesOf(waiting.name), [home()]);
    const last = request();
    await create(app, last);
    assert.deepEqual(placesOf(last.name), [home()], "an assignment that succeeds says that there is room");
  });

  it("a volume in a further place stays there when the first has an account and room again", async () => {
    await start();
    await create(app, request());
    const makeRoom = fillAssignments(home());
    await refusal(create(app, request()));
    const asked = request();
    const { volume_id: id } = await create(app, asked);
    assert.deepEqual(placesOf(asked.name), [further.subscriptionId]);
    makeRoom();
    await inAnother(async (next) => assert.equal((await create(next, asked)).volume_id, id));
    assert.deepEqual(placesOf(asked.name), [further.subscriptionId]);
  });

  it("with grantScope account a full subscription gets no further account, and those that exist go on", async () => {
    await start();
    const shared = { isolation: "namespace", grantScope: "account" };
    await create(app, request(shared));
    fillAssignments(home());
    assert.ok(!isFinal((await refusal(create(app, request()))).code));
    const same = request(shared);
    await create(app, same);
    assert.deepEqual(placesOf(same.name), [home()], "the identity has its assignment there");
    const other = request({ ...shared, skuName: "Standard_ZRS" });
    await create(app, other);
    assert.deepEqual(placesOf(other.name), [further.subscriptionId]);
  });

  it("is RESOURCE_EXHAUSTED when no place has room, and nothing exists", async () => {
    await start();
    fillAccounts();
    world().subscriptions.delete(further.subscriptionId);
    const { subscriptionId } = further;
    world().subscriptions.set(subscriptionId, {
      id: subscriptionId,
      tenantId: app.config.tenantId,
      displayName: "full",
    });
    for (let count = 0; count < QUOTAS.accountsPerRegion; count++) {
      const place = { subscriptionId, resourceGroup: "others", location: app.config.location };
      world().accounts.set(`full${count}`, { name: `full${count}`, ...place, tags: {}, properties: {} } as never);
    }
    for (let attempt = 0; attempt < 2; attempt++) {
      const outcome = await refusal(create(app, request()));
      assert.equal(outcome.code, status.RESOURCE_EXHAUSTED, outcome.details);
      assert.match(outcome.details, /; the places of --overflow have no room either$/);
    }
    assert.deepEqual(heldContainers(world()), []);
  });

  it("is not for a class that states where its accounts are", async () => {
    await start();
    const { subscriptionId, resourceGroup } = app.config;
    fillAccounts();
    for (const parameters of [{ subscriptionID: subscriptionId }, { resourceGroup }] as Parameters[]) {
      const asked = request(parameters);
      const outcome = await refusal(create(app, asked));
      assert.equal(outcome.code, status.RESOURCE_EXHAUSTED, outcome.details);
      assert.doesNotMatch(outcome.details, /places of --overflow/);
      assert.deepEqual(placesOf(asked.name), []);
    }
    const asked = request({ subscriptionID: further.subscriptionId, resourceGroup: further.resourceGroup });
    await create(app, asked);
    assert.deepEqual(placesOf(asked.name), [further.subscriptionId], "a class may name a further place itself");
  });

  /** The first place is full, and no role assignment is made anywhere. */
  async function startRefusing() {
    await start();
    const makeRoom = fillAccounts();
    app.emulator.faults.add({
      match: { method: "PUT", path: "roleAssignments" },
      action: { status: 403, code: "AuthorizationFailed" },
    });
    return { asked: request(), makeRoom };
  }

  it("a claim that is gone is handed back from where its volume is, by a replica that remembers nothing", async () => {
    const { asked, makeRoom } = await startRefusing();
    assert.ok(!isFinal((await refusal(create(app, asked))).code));
    assert.deepEqual(placesOf(asked.name), [further.subscriptionId]);
    makeRoom();
    cluster.claims.clear();
    const fresh = await another();
    const volume = await create(fresh, asked);
    assert.equal(volume.volume_context["subscriptionid"], further.subscriptionId);
    await fresh.csi.controller("DeleteVolume", { volume_id: volume.volume_id });
    assert.deepEqual(placesOf(asked.name), []);
  });

  it("a failure leaves nobody free to forget a volume that is in a further place", async () => {
    const { asked, makeRoom } = await startRefusing();
    await refusal(create(app, asked));
    makeRoom();
    // What is final for a volume of which nothing exists.
    const { principalID: _, ...parameters } = asked.parameters;
    const corrected = { ...asked, parameters: { ...parameters, clientID: randomUUID() } };
    const outcome = await refusal(create(await another(), corrected));
    assert.ok(!isFinal(outcome.code), outcome.details);
  });

  it("orphans, ListVolumes and drift see every place", async () => {
    await start();
    const makeRoom = fillAccounts();
    const there = request();
    await create(app, there);
    makeRoom();
    const here = request({ skuName: "Standard_ZRS" });
    await create(app, here);
    const { entries } = await app.csi.controller("ListVolumes", {});
    assert.equal(entries.length, 2);
    cluster.classes.push(
      { name: "a", provisioner: "keyless.blob.csi", parameters: { clientID: there.parameters.clientID } },
      {
        name: "b",
        provisioner: "keyless.blob.csi",
        parameters: { clientID: there.parameters.clientID, skuName: "Standard_ZRS" },
      },
    );
    cluster.claims.clear();
    for (const container of world().containers.values()) container.lastModified -= 7_200_000;
    for (const [name, account] of world().accounts)
      world().accounts.set(name, { ...account, createdAt: account.createdAt - 7_200_000 });
    const survey = async () => {
      const out = createSink();
      const values = {
        olderThan: 3_600_000,
        delete: true,
        moreThanUsual: true,
        evenAll: true,
        output: "json" as const,
      };
      await runOrphans({ config: app.config, values, cluster, stdout: out.stream, stderr: createSink().stream });
      const { findings } = JSON.parse(out.text()) as { findings: { kind: string; outcome: string }[] };
      return findings.map(({ kind, outcome }) => `${kind} ${outcome}`);
    };
    assert.deepEqual(await survey(), ["container removed", "container removed"]);
    assert.deepEqual(heldContainers(world()), []);
    assert.deepEqual(await survey(), [], "a class leads to the empty account in the further place too");
    cluster.classes.length = 0;
    assert.deepEqual(await survey(), ["account removed", "account removed"]);
  });

  it("costs four reads for each unused place and 10 s, and one for each volume once the class has an account there", async () => {
    await start();
    await create(app, request());
    const plain = await another([]);
    await create(plain, request());
    const countOf = async (of: EmulatedApp) => {
      app.forgetCalls();
      await create(of, request());
      return calls();
    };
    const without = await countOf(plain);
    assert.deepEqual(await countOf(app), without, "what was absent is remembered for 10 s");
    const fresh = await another();
    const cold = await countOf(fresh);
    assert.equal(cold.filter((operation) => operation === "storageAccounts/get").length, 4 + 4);
    fillAssignments(home());
    await refusal(create(fresh, request()));
    await create(fresh, request());
    const full = await countOf(fresh);
    console.log(`      warm ${without.length} calls; once overflow is in use ${full.length}: ${full.join(", ")}`);
    assert.equal(full.length, without.length + 2, "the container is looked for in both places");
  });

  it("accounts are made ahead in the place where volumes would go", async () => {
    await start(["--prewarm"]);
    fillAccounts();
    const { clientID } = request().parameters;
    cluster.classes.push({ name: "pool", provisioner: "keyless.blob.csi", parameters: { clientID, poolSize: "2" } });
    const ended = app.untilTask();
    await app.time.advance(300_000);
    assert.equal(await ended, "done");
    const made = [...world().accounts.values()].filter(({ name }) => name.startsWith("kl"));
    assert.deepEqual(
      made.map(({ subscriptionId }) => subscriptionId),
      [further.subscriptionId, further.subscriptionId],
    );
    app.forgetCalls();
    await create(app, request({ poolSize: "2" }));
    assert.equal(puts(), 0);
  });

  it("in another tenant is refused at the start", () => {
    const [subscriptionId, resourceGroup, tenantId] = [randomUUID(), "g", randomUUID()];
    const storageTenants = [{ subscriptionId, tenantId, clientId: randomUUID() }];
    const faults = checkController({ emulator: true, storageTenants, overflow: [{ subscriptionId, resourceGroup }] });
    assert.match(
      faults.map(({ problem }) => problem).join(),
      /is in another tenant .*Azure grants access only within a tenant/,
    );
    assert.deepEqual(checkController({ emulator: true, overflow: [{ subscriptionId, resourceGroup }] }), []);
  });
});
