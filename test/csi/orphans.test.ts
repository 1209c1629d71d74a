// What is left in Azure that no volume needs: all of it is found and nothing else, and only that is deleted.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { type OrphansValues, runOrphans } from "../../src/commands/orphans.ts";
import { NO_CLUSTER } from "../../src/kubernetes/cluster.ts";
import { trustTag } from "../../src/volume/formats/federated-credential.ts";
import { startAppInCluster } from "../support/app-in-cluster.ts";
import { create, type EmulatedApp } from "../support/emulated-app.ts";
import { allowController } from "../support/emulated-rights.ts";
import { type FakeCluster, persistentVolumeOf } from "../support/fake-cluster.ts";
import { heldContainers, heldRoleAssignments } from "../support/held.ts";
import { SAFE_MOUNT } from "../support/safe-mount.ts";
import { createSink } from "../support/sink.ts";

const HOUR_MS = 3_600_000;

interface Found {
  readonly kind: string;
  readonly id: string;
  readonly because: string;
  readonly retained: boolean;
  readonly outcome: string;
  readonly why?: string;
}

describe("orphans", () => {
  let app: EmulatedApp;
  let cluster: FakeCluster;

  async function start(...flags: string[]): Promise<void> {
    ({ app, cluster } = await startAppInCluster(flags));
    cluster.namespaces.set("team", "uid-team");
    cluster.serviceAccounts.set("team/app", app.emulator.info.identities[0]?.clientId ?? "");
  }
  afterEach(() => app.stop());

  /** Runs the command; its answer as JSON. */
  async function orphans(options: Partial<OrphansValues> = {}) {
    const out = createSink();
    const stated = { delete: false, moreThanUsual: true, evenAll: false, output: "json" as const };
    const values = { olderThan: HOUR_MS, ...stated, ...options };
    const streams = { stdout: out.stream, stderr: createSink().stream };
    const code = await runOrphans({ config: app.config, values, cluster, ...streams });
    const report = JSON.parse(out.text()) as { findings: Found[]; containersInUse: number; azureCalls: number };
    return { code, ...report, kinds: report.findings.map(({ kind }) => kind) };
  }

  /** A volume as csi-provisioner has it made, for a claim that exists. */
  async function provision(parameters: Record<string, string> = {}) {
    const uid = randomUUID();
    cluster.claims.set(`team/${uid}`, { uid, isBoundLate: false, serviceAccount: "app" });
    const volume = await create(app, {
      name: `pvc-${uid}`,
      volume_capabilities: [{ mount: SAFE_MOUNT, access_mode: { mode: "SINGLE_NODE_WRITER" } }],
      parameters: {
        clientID: app.emulator.info.identities[0]?.clientId ?? "",
        ...parameters,
        "csi.storage.k8s.io/pvc/name": uid,
        "csi.storage.k8s.io/pvc/namespace": "team",
      },
    });
    const [, account = "", container = ""] = volume.volume_id.split("#");
    return { uid, id: volume.volume_id, account, container, context: volume.volume_context };
  }
  type Provisioned = Awaited<ReturnType<typeof provision>>;

  /** The PersistentVolume that csi-provisioner makes of it. */
  function bind({ uid, id, context }: Provisioned): void {
    const volume = { volume_id: id, volume_context: context };
    cluster.persistentVolumes.push(persistentVolumeOf(volume, `pvc-${uid}`, { namespace: "team", name: "data", uid }));
  }
  /** The StorageClass of such volumes. */
  function addClass(parameters: Record<string, string> = {}): void {
    const clientID = app.emulator.info.identities[0]?.clientId ?? "";
    cluster.classes.push({ name: "blob", provisioner: "keyless.blob.csi", parameters: { clientID, ...parameters } });
  }
  const abandon = ({ uid }: Provisioned) => void cluster.claims.delete(`team/${uid}`);

  /** Makes everything that Azure holds so much older. */
  function age(milliseconds = 2 * HOUR_MS): void {
    const { containers, accounts } = app.emulator.world;
    for (const container of containers.values()) container.lastModified -= milliseconds;
    for (const [name, account] of accounts) {
      accounts.set(name, { ...account, createdAt: account.createdAt - milliseconds });
    }
  }
  const held = () => {
    const { world } = app.emulator;
    return {
      accounts: [...world.accounts.keys()],
      containers: heldContainers(world).map(({ name }) => name),
      assignments: heldRoleAssignments(world).filter(({ scope }) => scope.includes("/storageAccounts/")),
    };
  };
  const identity = () =>
    [...app.emulator.world.identities.values()].find(({ name }) => name === "workload-a") ?? assert.fail("no identity");

  it("nothing is found while claim or PersistentVolume is there, in whatever phase", async () => {
    await start();
    const pending = await provision();
    const bound = await provision({ isolation: "volume" });
    const released = await provision({ isolation: "namespace", grantScope: "account" });
    bind(bound);
    bind(released);
    abandon(released);
    age();
    const report = await orphans();
    assert.deepEqual(report.findings, []);
    assert.equal(report.code, 0);
    assert.equal(report.containersInUse, 3);
    assert(held().containers.includes(pending.container));
  });

  it("a volume of another driver, or made by hand, refers to its container too", async () => {
    await start();
    const [byHandle, byAttribute] = [await provision(), await provision()];
    cluster.persistentVolumes.push({
      name: "mine",
      handle: `rg#other#${byHandle.container}`,
      attributes: {},
      phase: "Bound",
    });
    cluster.persistentVolumes.push({
      name: "his",
      handle: "x",
      attributes: { CONTAINERNAME: byAttribute.container },
      phase: "Bound",
    });
    abandon(byHandle);
    abandon(byAttribute);
    age();
    assert.deepEqual((await orphans()).findings, []);
  });

  it("a container that nothing refers to is found when it is old enough, and deleted with its role assignment", async () => {
    await start();
    const [left, live] = [await provision(), await provision()];
    bind(live);
    abandon(left);
    assert.deepEqual((await orphans()).findings, [], "too young");
    age();
    const report = await orphans();
    assert.deepEqual(report.kinds, ["container"]);
    assert.match(report.findings[0]?.id ?? "", new RegExp(`/containers/${left.container}$`));
    assert.equal(report.code, 3);
    assert.equal(held().containers.length, 2, "listing deletes nothing");

    const deletion = await orphans({ delete: true });
    assert.deepEqual(
      deletion.findings.map(({ outcome }) => outcome),
      ["removed"],
    );
    assert.equal(deletion.code, 0);
    assert.deepEqual(held().containers, [live.container]);
    assert.deepEqual(
      held().assignments.map(({ scope }) => scope.split("/").at(-1)),
      [live.container],
    );
    assert.deepEqual((await orphans()).findings, []);
  });

  for (const minutes of [-10, 10]) {
    it(`a clock ${minutes} minutes off finds no volume of the last half hour, and all of yesterday's`, async () => {
      await start();
      const [young, old] = [await provision({ isolation: "volume" }), await provision({ isolation: "volume" })];
      for (const { uid } of [young, old]) cluster.claims.delete(`team/${uid}`);
      age((30 - minutes) * 60_000);
      const container = app.emulator.world.containers.get(`${old.account}/${old.container}`);
      if (container) container.lastModified -= 24 * HOUR_MS;
      const { findings } = await orphans();
      assert.deepEqual(
        findings.map(({ id }) => id.split("/").at(-1)),
        [old.container],
      );
    });
  }

  it("an account of one volume without its container goes, unless the claim still waits for it", async () => {
    await start();
    const [left, waiting] = [await provision({ isolation: "volume" }), await provision({ isolation: "volume" })];
    bind(await provision());
    app.emulator.world.containers.delete(`${left.account}/${left.container}`);
    app.emulator.world.containers.delete(`${waiting.account}/${waiting.container}`);
    abandon(left);
    age();
    const report = await orphans({ delete: true });
    assert.deepEqual(report.kinds, ["role assignment", "role assignment", "account"]);
    assert.match(report.findings[2]?.because ?? "", /made for one volume/);
    assert(!held().accounts.includes(left.account));
    assert(held().accounts.includes(waiting.account));
    assert.equal(held().assignments.length, 1, "only the live volume's");
  });

  it("an empty account of a namespace goes with the namespace, also when that was recreated", async () => {
    await start();
    addClass({ isolation: "namespace", grantScope: "account" });
    const volume = await provision({ isolation: "namespace", grantScope: "account" });
    app.emulator.world.containers.delete(`${volume.account}/${volume.container}`);
    abandon(volume);
    age();
    const alive = await orphans();
    assert.deepEqual(alive.kinds, ["role assignment"], "the role assignment at the empty account, not the account");
    cluster.namespaces.set("team", "uid-recreated");
    const report = await orphans({ delete: true });
    assert.deepEqual(report.kinds, ["role assignment", "account"]);
    assert.match(report.findings[1]?.because ?? "", /namespace team \(UID uid-team\), which does not exist any more/);
    assert.deepEqual(held().accounts, []);
    assert.deepEqual(held().assignments, []);
  });

  it("an empty account of a pool is found, and goes, once no StorageClass leads to it", async () => {
    await start();
    const clientID = app.emulator.info.identities[0]?.clientId ?? "";
    bind(await provision({ isolation: "volume" }));
    const volume = await provision();
    await app.csi.controller("DeleteVolume", { volume_id: volume.id });
    abandon(volume);
    age();
    addClass();
    assert.deepEqual((await orphans({ delete: true })).findings, [], "the next volume of the class goes there");
    cluster.classes.length = 0;
    addClass({ poolSize: "many" });
    assert.deepEqual(
      (await orphans({ delete: true })).findings,
      [],
      "where a class leads that cannot be read is not known",
    );
    cluster.classes.length = 0;
    addClass({ skuName: "Standard_ZRS" });
    cluster.classes.push({ name: "others", provisioner: "blob.csi.azure.com", parameters: { clientID } });
    const report = await orphans({ delete: true });
    assert.deepEqual(
      report.findings.map(({ kind, because, outcome }) => [kind, because, outcome]),
      [["account", "no StorageClass leads new volumes to it any more", "removed"]],
    );
    assert.equal(held().accounts.includes(volume.account), false);
    assert.equal(held().accounts.length, 1);
  });

  it("an empty account that a smaller poolSize leaves behind is found", async () => {
    await start();
    const volumes = await Promise.all(Array.from({ length: 12 }, () => provision({ poolSize: "2" })));
    for (const volume of volumes) {
      await app.csi.controller("DeleteVolume", { volume_id: volume.id });
      abandon(volume);
    }
    age();
    assert.equal(held().accounts.length, 2);
    addClass({ poolSize: "2" });
    assert.deepEqual((await orphans()).findings, []);
    cluster.classes.length = 0;
    addClass({ poolSize: "1" });
    const [{ id = "" } = {}, ...more] = (await orphans()).findings;
    assert.deepEqual(more, []);
    assert.equal(app.emulator.world.accounts.get(id.split("/").at(-1) ?? "")?.tags["keyless-csi.shard"], "1");
  });

  it("an account of a namespace that holds another volume stays, with its role assignment", async () => {
    await start();
    const shared = { isolation: "namespace", grantScope: "account" };
    const [left, live] = [await provision(shared), await provision(shared)];
    bind(live);
    abandon(left);
    age();
    assert.equal((await orphans({ delete: true })).code, 0);
    assert.deepEqual(held().containers, [live.container]);
    assert.equal(held().assignments.length, 1);
    assert.deepEqual((await orphans()).findings, []);
  });

  it("role assignments of containers and accounts that are gone are found, those of others never", async () => {
    await start();
    const [gone, whole, live] = [await provision(), await provision({ isolation: "volume" }), await provision()];
    bind(live);
    app.emulator.world.containers.delete(`${gone.account}/${gone.container}`);
    app.emulator.world.containers.delete(`${whole.account}/${whole.container}`);
    app.emulator.world.accounts.delete(whole.account);
    const assignments = [...app.emulator.world.roleAssignments.values()];
    const ofGone = assignments.find(({ scope }) => scope.endsWith(gone.container)) ?? assert.fail("no role assignment");
    const byHand = { ...ofGone, name: randomUUID() };
    app.emulator.world.roleAssignments.set(byHand.name, byHand);
    const report = await orphans({ delete: true });
    assert.deepEqual(report.findings.map(({ because }) => because).sort(), [
      `container ${gone.container} is gone`,
      `storage account ${whole.account} is gone`,
    ]);
    assert.deepEqual(
      held()
        .assignments.map(({ name, scope }) => (name === byHand.name ? "by hand" : scope.split("/").at(-1)))
        .sort(),
      ["by hand", live.container],
    );
  });

  it("a role assignment at an account that is gone is another cluster's unless it says that it is ours", async () => {
    await start();
    const volume = await provision({ isolation: "volume" });
    app.emulator.world.accounts.delete(volume.account);
    for (const assignment of app.emulator.world.roleAssignments.values()) {
      if (assignment.scope.endsWith(volume.container))
        assignment.description = "keyless-csi v1 cluster=another volume=x";
    }
    assert.deepEqual((await orphans()).findings, []);
  });

  it("what is not ours is never found: other accounts, other clusters' accounts, others' containers in a given one", async () => {
    await start();
    const volume = await provision();
    const { accounts, containers } = app.emulator.world;
    const ours = accounts.get(volume.account) ?? assert.fail("no account");
    const mine = containers.get(`${volume.account}/${volume.container}`) ?? assert.fail("no container");
    const copy = (name: string, tags: Record<string, string>, inIt: Record<string, Record<string, string>>) => {
      accounts.set(name, { ...ours, id: ours.id.replace(ours.name, name), name, tags });
      for (const [container, metadata] of Object.entries(inIt)) {
        containers.set(`${name}/${container}`, { ...mine, account: name, name: container, metadata });
      }
    };
    const [upstream, lost] = [`pvc-${randomUUID()}`, `pvc-${randomUUID()}`];
    copy("unrelated", {}, { [volume.container]: mine.metadata });
    copy("copiedtags", ours.tags, { [volume.container]: mine.metadata });
    copy("elsewhere", { ...ours.tags, "keyless-csi.cluster": "other" }, { [volume.container]: mine.metadata });
    copy(
      "given",
      { "keyless-csi.cluster": "emulator" },
      { backups: mine.metadata, [upstream]: {}, [lost]: mine.metadata },
    );
    age();
    const report = await orphans();
    assert.deepEqual(
      report.findings.map(({ id }) => id.split("/storageAccounts/")[1]),
      [`given/blobServices/default/containers/${lost}`],
    );
  });

  it("with --on-delete=retain a container is retained and only access to it is taken away", async () => {
    await start("--on-delete", "retain");
    const [left, live] = [await provision(), await provision()];
    bind(live);
    abandon(left);
    age();
    const report = await orphans({ delete: true });
    assert.deepEqual(
      report.findings.map(({ kind, retained, outcome }) => ({ kind, retained, outcome })),
      [
        { kind: "role assignment", retained: false, outcome: "removed" },
        { kind: "container", retained: true, outcome: "found" },
      ],
    );
    assert.equal(report.code, 0);
    assert.equal(held().containers.length, 2);
    assert.equal(held().assignments.length, 1);
    assert.equal((await orphans()).code, 0, "retained data is no finding");
  });

  it("a federated credential that we wrote is removed when its ServiceAccount is gone or names another identity", async () => {
    await start("--manage-federated-credentials");
    const clientId = identity().clientId;
    identity().federatedCredentials.clear();
    identity().tags = { [trustTag(app.emulator.issuer.issuer)]: "team/*" };
    const byHand = {
      name: "by-hand",
      issuer: app.emulator.issuer.issuer,
      subject: "x",
      audiences: ["api://AzureADTokenExchange"],
    };
    identity().federatedCredentials.set("by-hand", byHand);
    const credentials = "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials";
    const { subscriptionId } = app.emulator.info;
    allowController(app.emulator, `/subscriptions/${subscriptionId}`, [
      `${credentials}/write`,
      `${credentials}/delete`,
    ]);
    const made: Provisioned[] = [];
    for (const name of ["app", "gone", "moved", "mounted"]) {
      cluster.serviceAccounts.set(`team/${name}`, clientId);
      const uid = randomUUID();
      cluster.claims.set(`team/${uid}`, { uid, isBoundLate: false, serviceAccount: name });
      const volume = await create(app, {
        name: `pvc-${uid}`,
        volume_capabilities: [{ mount: SAFE_MOUNT, access_mode: { mode: "SINGLE_NODE_WRITER" } }],
        parameters: {
          identity: "serviceAccount",
          "csi.storage.k8s.io/pvc/name": uid,
          "csi.storage.k8s.io/pvc/namespace": "team",
        },
      });
      made.push({ uid, id: volume.volume_id, account: "", container: "", context: volume.volume_context });
    }
    cluster.serviceAccounts.delete("team/gone");
    cluster.serviceAccounts.set("team/moved", randomUUID());
    cluster.serviceAccounts.set("team/mounted", randomUUID());
    const [, , , mounted] = made;
    if (mounted) bind(mounted);
    assert.deepEqual((await orphans()).findings, [], "a volume in the namespace is still mounted with the identity");
    cluster.persistentVolumes.length = 0;
    cluster.serviceAccounts.set("team/mounted", clientId);
    const report = await orphans({ delete: true });
    assert.deepEqual(report.findings.map(({ kind, because }) => `${kind}: ${because}`).sort(), [
      "credential: ServiceAccount team/gone does not exist",
      "credential: ServiceAccount team/moved does not name this identity any more",
    ]);
    assert.deepEqual(
      [...identity().federatedCredentials.values()].map(({ subject }) => subject.split(":").at(-1)).sort(),
      ["app", "mounted", "x"],
    );
  });

  it("a volume that comes to need its container between the look and the deletion keeps it", async () => {
    await start();
    const [left, live] = [await provision(), await provision()];
    bind(live);
    abandon(left);
    age();
    let lists = 0;
    const list = cluster.listVolumes;
    Object.assign(cluster, {
      listVolumes: () => {
        lists += 1;
        if (lists === 2) bind(left);
        return list();
      },
    });
    const report = await orphans({ delete: true });
    assert.deepEqual(
      report.findings.map(({ outcome }) => outcome),
      ["spared"],
    );
    assert.equal(report.code, 3);
    assert.equal(held().containers.length, 2);
    assert.equal(held().assignments.length, 2);
  });

  it("by name, exactly those that are named are deleted, and nothing when one name is wrong", async () => {
    await start();
    const [named, other, live] = [await provision(), await provision(), await provision()];
    bind(live);
    abandon(named);
    abandon(other);
    age();
    const usual = { delete: true, moreThanUsual: false };
    for (const [name, wrong] of [
      [live.container, /is no orphan: nothing was deleted; list them without --name/],
      ["pvc-", /is no orphan/],
    ] as const) {
      await assert.rejects(orphans({ ...usual, name: [named.container, name] }), wrong);
    }
    assert.equal(held().containers.length, 3);
    await assert.rejects(orphans(usual), /2 of 3 containers would be deleted, more than 20 %/);
    const report = await orphans({ ...usual, name: [named.container.toUpperCase()] });
    assert.deepEqual([report.code, report.kinds], [0, ["container"]]);
    assert.deepEqual(held().containers.sort(), [other.container, live.container].sort());
    const { findings } = await orphans({ name: [other.container] });
    const whole = await orphans({ ...usual, name: [findings[0]?.id ?? ""] });
    assert.deepEqual([whole.code, held().containers], [0, [live.container]]);
  });

  it("what is retained, or only listed, is not deleted by name either", async () => {
    await start("--on-delete", "retain");
    const [left, live] = [await provision(), await provision()];
    bind(live);
    abandon(left);
    age();
    await assert.rejects(
      orphans({ delete: true, name: [left.container] }),
      /is retained \(--on-delete=retain\): nothing was deleted; leave it out/,
    );
    const { world } = app.emulator;
    const account = world.accounts.get(left.account) ?? assert.fail("no account");
    const { "keyless-csi.cluster-uid": _, ...unmarked } = account.tags;
    account.tags = unmarked;
    const container = world.containers.get(`${left.account}/${left.container}`) ?? assert.fail("no container");
    container.metadata = {};
    const { name } = heldRoleAssignments(world).find(({ scope }) => scope.endsWith(left.container)) ?? { name: "" };
    await assert.rejects(orphans({ delete: true, name: [name] }), /is only listed: it carries no mark/);
    assert.deepEqual([held().containers.length, held().assignments.length], [2, 2]);
  });

  it("a lock is reported, and does not keep the others from being deleted", async () => {
    await start();
    const [locked, free] = [await provision({ isolation: "volume" }), await provision({ isolation: "volume" })];
    bind(await provision());
    abandon(locked);
    abandon(free);
    const scope = app.emulator.world.accounts.get(locked.account)?.id ?? "";
    const id = `${scope}/providers/Microsoft.Authorization/locks/keep`;
    app.emulator.world.locks.set(id.toLowerCase(), { id, name: "keep", scope, level: "CanNotDelete" });
    age();
    const report = await orphans({ delete: true });
    assert.equal(report.code, 1);
    assert.deepEqual(report.findings.map(({ outcome }) => outcome).sort(), ["failed", "removed"]);
    assert.match(report.findings.find(({ outcome }) => outcome === "failed")?.why ?? "", /lock/i);
    assert(held().containers.includes(locked.container) && !held().containers.includes(free.container));
  });

  it("nothing is deleted without Kubernetes, nor for a cluster that needs none of our containers", async () => {
    await start();
    const left = await provision();
    abandon(left);
    age();
    await assert.rejects(orphans({ delete: true }), /looks like the wrong cluster: nothing was deleted/);
    const connected = cluster;
    cluster = { ...connected, ...NO_CLUSTER };
    await assert.rejects(orphans({ delete: true }), /without Kubernetes nothing is deleted/);
    const unchecked = await orphans();
    assert.deepEqual([unchecked.code, unchecked.kinds], [2, ["container"]]);
    assert.match(unchecked.findings[0]?.because ?? "", /^no cluster was asked/);
    assert.deepEqual(held().containers, [left.container]);
    cluster = connected;
    assert.equal((await orphans({ delete: true, evenAll: true })).code, 0);
    assert.deepEqual(held().containers, []);
  });

  it("the same is found when a workload has rewritten, leased or recreated its container", async () => {
    await start();
    const [rewritten, leased, recreated, live] = [
      await provision(),
      await provision(),
      await provision(),
      await provision(),
    ];
    bind(live);
    for (const volume of [rewritten, leased, recreated]) abandon(volume);
    const container = ({ account, container: name }: Provisioned) =>
      app.emulator.world.containers.get(`${account}/${name}`) ?? assert.fail("no container");
    container(rewritten).metadata = { keyless_cluster: "another", keyless_volume: "x" };
    container(leased).lease = { id: randomUUID(), state: "leased", durationSeconds: -1 };
    app.emulator.world.containers.set(`${recreated.account}/${recreated.container}`, {
      ...container(recreated),
      uid: "new",
      metadata: {},
    });
    age();
    const report = await orphans({ delete: true });
    assert.deepEqual(
      report.findings.map(({ outcome, why }) => why ?? outcome),
      ["removed", "removed", "removed"],
    );
    assert.deepEqual(held().containers, [live.container]);
  });

  it("reading costs one list of role assignments and accounts for each resource group, and one of containers for each account", async () => {
    await start();
    for (let count = 0; count < 5; count += 1) bind(await provision({ isolation: "volume" }));
    age();
    app.forgetCalls();
    const { azureCalls } = await orphans();
    const operations = app.armCalls().map(({ operation }) => operation);
    assert.equal(azureCalls, 7, operations.join(", "));
    console.log(`      5 accounts: ${azureCalls} Azure calls`);
  });

  it("a deleted volume leaves nothing to be found", async () => {
    await start();
    addClass({ isolation: "namespace", grantScope: "account" });
    const volume = await provision({ isolation: "namespace", grantScope: "account" });
    await app.csi.controller("DeleteVolume", { volume_id: volume.id });
    abandon(volume);
    age();
    assert.deepEqual((await orphans()).findings, []);
  });

  for (const [how, action] of [
    ["a 404 for its containers", { status: 404, code: "ResourceNotFound", message: "scripted" }],
    ["an answer without containers", { status: 200, body: "{}" }],
  ] as const) {
    it(`an account of a namespace that is gone is not taken for empty by ${how}`, async () => {
      await start();
      const volume = await provision({ isolation: "namespace", grantScope: "account" });
      bind(volume);
      abandon(volume);
      cluster.namespaces.delete("team");
      age();
      app.emulator.faults.add({ match: { operation: "containers/list" }, times: -1, action });
      await orphans({ delete: true, evenAll: true }).catch(() => undefined);
      assert.deepEqual(held().containers, [volume.container]);
      assert.deepEqual(held().accounts, [volume.account]);
    });
  }
});
