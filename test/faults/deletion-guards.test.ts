// What DeleteVolume must leave alone, whatever the request, and what must not hold it up.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { status } from "@grpc/grpc-js";
import { DriverError } from "../../src/errors.ts";
import { accountName } from "../../src/volume/names.ts";
import type { VolumeInUse } from "../../src/volume/ports.ts";
import { create, createRequest, type EmulatedApp, startEmulatedApp } from "../support/emulated-app.ts";
import { CLUSTER_UID, createFakeCluster, type FakeCluster } from "../support/fake-cluster.ts";
import { heldRoleAssignments } from "../support/held.ts";
import { refused } from "../support/refused.ts";
import { report } from "./support/figures.ts";

const OTHER_UID = "bbbbbbbb-0000-4000-8000-00000000000b";

describe("DeleteVolume", function () {
  this.timeout(120_000);
  let app: EmulatedApp;
  let cluster: FakeCluster;
  let guards = 0;
  /** What the API server's list fails with. */
  let unreadable: DriverError | undefined;
  /** What the cluster has found in use before. */
  let remembered: VolumeInUse | undefined;

  before(async () => {
    app = await startEmulatedApp(["--account-cache", "1ms"], {
      clusterFor: (emulator) => {
        cluster = createFakeCluster(emulator.issuer.issuer);
        return {
          ...cluster,
          findVolumeUsing: async (fileSystem, how) => {
            if (unreadable !== undefined) throw unreadable;
            return (how?.isRemembered ? remembered : undefined) ?? (await cluster.findVolumeUsing(fileSystem, how));
          },
        };
      },
    });
  });
  after(async () => {
    await app?.stop();
    report(11, `${guards} guards held: nothing foreign, live, locked or retained was deleted`);
  });
  afterEach(function () {
    if (this.currentTest?.state === "passed") guards += 1;
  });

  const remove = (id: string) => app.csi.controller("DeleteVolume", { volume_id: id });
  const partsOf = (id: string) => {
    const [, account = "", container = ""] = id.split("#");
    return { account, container, key: `${account}/${container}` };
  };
  const isThere = (id: string) => {
    const container = app.emulator.world.containers.get(partsOf(id).key);
    return container !== undefined && container.deletedUntil === undefined;
  };
  const roleAssignmentsOn = (id: string) =>
    heldRoleAssignments(app.emulator.world).filter(({ scope }) => scope.endsWith(`/${partsOf(id).container}`)).length;

  /** DeleteVolume refuses with this code and message, and none of its calls has changed anything. */
  async function assertUntouched(id: string, code: status, message: RegExp): Promise<void> {
    app.forgetCalls();
    await refused(remove(id), code, message);
    const changes = app.armCalls().filter(({ method }) => method !== "GET");
    assert.deepEqual(changes, [], "something was changed");
    assert(isThere(id));
    assert.equal(roleAssignmentsOn(id), 1, "access to a volume that stays was removed");
  }

  const retag = (id: string, tags: Record<string, string>) => {
    const account = app.emulator.world.accounts.get(partsOf(id).account) ?? assert.fail("no account");
    account.tags = { ...account.tags, ...tags };
  };

  it("refuses an account without our tags under a name that nothing proves", async () => {
    const volume = await create(app, createRequest(app.emulator, { tags: "guard=1" }));
    const { key, account: name } = partsOf(volume.volume_id);
    const account = app.emulator.world.accounts.get(name) ?? assert.fail();
    const container = app.emulator.world.containers.get(key) ?? assert.fail();
    account.tags = { owner: "somebody" };
    const forged = accountName({ clusterId: "emulator", pool: "of-somebody-else", shard: 0, attempt: 0 });
    const placement = { keyless_pool: "of-somebody-else", keyless_shard: "0", keyless_attempt: "0" };
    container.metadata = { ...container.metadata, ...placement };
    assert.notEqual(forged, name);
    await assertUntouched(volume.volume_id, status.FAILED_PRECONDITION, /was not made by this controller/);
  });

  it("refuses an account of another cluster, whatever its name", async () => {
    const volume = await create(app, createRequest(app.emulator, { tags: "guard=2" }));
    retag(volume.volume_id, { "keyless-csi.cluster": "another" });
    await assertUntouched(volume.volume_id, status.FAILED_PRECONDITION, /was not made by this controller/);
  });

  it("refuses an account that carries another cluster's mark, under our id and name", async () => {
    const volume = await create(app, createRequest(app.emulator, { tags: "guard=mark" }));
    retag(volume.volume_id, { "keyless-csi.cluster-uid": OTHER_UID });
    await assertUntouched(volume.volume_id, status.FAILED_PRECONDITION, /carries another cluster's mark/);
  });

  it("refuses a container with another cluster's mark in an account without one", async () => {
    const volume = await create(app, createRequest(app.emulator, { tags: "guard=metadata" }));
    const { account, key } = partsOf(volume.volume_id);
    const unmarked = app.emulator.world.accounts.get(account) ?? assert.fail("no account");
    const { "keyless-csi.cluster-uid": _, ...tags } = unmarked.tags;
    unmarked.tags = tags;
    const container = app.emulator.world.containers.get(key) ?? assert.fail("no container");
    container.metadata = { ...container.metadata, keyless_cluster_uid: OTHER_UID };
    await assertUntouched(volume.volume_id, status.FAILED_PRECONDITION, /carries a mark that is not this cluster's/);
  });

  it("refuses whatever carries a mark when it runs without Kubernetes, also of a cluster that it has taken over", async () => {
    const volume = await create(app, createRequest(app.emulator, { tags: "guard=alone" }));
    const flags = ["--account-cache", "1ms", "--also-owns", `emulator/${CLUSTER_UID}`];
    const alone = await startEmulatedApp(flags, { emulator: app.emulator });
    try {
      app.forgetCalls();
      const deletion = alone.csi.controller("DeleteVolume", { volume_id: volume.volume_id });
      await refused(deletion, status.FAILED_PRECONDITION, /without Kubernetes this controller has none to compare/);
      assert(app.armCalls().every(({ method }) => method === "GET"));
      assert(isThere(volume.volume_id));
    } finally {
      await alone.stop();
    }
  });

  for (const tag of ["pool", "shard", "attempt"]) {
    it(`refuses an account whose tag ${tag} does not lead to its name`, async () => {
      const volume = await create(app, createRequest(app.emulator, { tags: `guard=${tag}` }));
      retag(volume.volume_id, { [`keyless-csi.${tag}`]: "7" });
      await assertUntouched(volume.volume_id, status.FAILED_PRECONDITION, /was not made by this controller/);
    });
  }

  it("refuses an account whose name fits another cluster's tags", async () => {
    const volume = await create(app, createRequest(app.emulator, { tags: "guard=3" }));
    const { account } = partsOf(volume.volume_id);
    const ours = app.emulator.world.accounts.get(account) ?? assert.fail();
    const pool = ours.tags["keyless-csi.pool"] ?? "";
    const name = accountName({ clusterId: "another", pool, shard: 0, attempt: 0 });
    const id = ours.id.replace(account, name);
    app.emulator.world.accounts.set(name, {
      ...ours,
      id,
      name,
      tags: { ...ours.tags, "keyless-csi.cluster": "another" },
    });
    app.forgetCalls();
    await assert.rejects(remove(volume.volume_id.replace(account, name)), { code: status.FAILED_PRECONDITION });
    assert(app.armCalls().every(({ method }) => method === "GET"));
    app.emulator.world.accounts.delete(name);
  });

  it("ignores a container with a name that we never use, in an account that is ours", async () => {
    const volume = await create(app, createRequest(app.emulator));
    const { key, account } = partsOf(volume.volume_id);
    const template = app.emulator.world.containers.get(key) ?? assert.fail();
    app.emulator.world.containers.set(`${account}/$web`, { ...template, uid: randomUUID(), name: "$web" });
    app.forgetCalls();
    for (const name of ["$web", "$root", "$logs", "Upper", "a", "../x"]) {
      await remove(volume.volume_id.replace(partsOf(volume.volume_id).container, name)).catch(() => {});
    }
    assert.deepEqual(app.armCalls(), []);
    assert(app.emulator.world.containers.has(`${account}/$web`));
  });

  it("keeps an account for one volume when it holds another container", async () => {
    const volume = await create(app, createRequest(app.emulator, { isolation: "volume" }));
    const { key, account } = partsOf(volume.volume_id);
    const template = app.emulator.world.containers.get(key) ?? assert.fail();
    app.emulator.world.containers.set(`${account}/theirs`, { ...template, uid: randomUUID(), name: "theirs" });
    await remove(volume.volume_id);
    assert(!isThere(volume.volume_id));
    assert(app.emulator.world.accounts.has(account) && app.emulator.world.containers.has(`${account}/theirs`));
  });

  it("refuses the volume of a PersistentVolume that is in use", async () => {
    const volume = await create(app, createRequest(app.emulator));
    cluster.volumes.add(partsOf(volume.volume_id).container);
    await assertUntouched(volume.volume_id, status.FAILED_PRECONDITION, /exists and is not released/);
    cluster.volumes.clear();
    await remove(volume.volume_id);
    assert(!isThere(volume.volume_id));
  });

  it("refuses the volume of a second PersistentVolume that is in use, names it, and advises nothing that destroys data", async () => {
    const volume = await create(app, createRequest(app.emulator));
    const { container, account } = partsOf(volume.volume_id);
    const attributes = volume.volume_context;
    const claim = { namespace: "restored", name: "data", uid: randomUUID() };
    const second = { name: "velero-clone-1", handle: volume.volume_id, attributes, phase: "Bound", claim };
    const first = { ...second, name: container, phase: "Released", claim: { ...claim, namespace: "old" } };
    cluster.persistentVolumes.push(first, second);
    await assertUntouched(
      volume.volume_id,
      status.FAILED_PRECONDITION,
      new RegExp(
        `^PersistentVolume velero-clone-1 \\(Bound, claim restored/data\\) exists and is not released, and container ${container} in ` +
          `storage account ${account} is its data: nothing was touched\\..* To end it and keep the data, set persistentVolumeReclaimPolicy: Retain on`,
      ),
    );
    cluster.persistentVolumes.splice(1, 1, { ...second, phase: "Released" });
    await remove(volume.volume_id);
    assert(!isThere(volume.volume_id));
    cluster.persistentVolumes.length = 0;
  });

  it("refuses the volume of a PersistentVolume in use of another driver that names the container by attributes", async () => {
    const volume = await create(app, createRequest(app.emulator));
    const { container, account } = partsOf(volume.volume_id);
    const byHand = (storageAccount: string) => ({
      name: "by-hand",
      handle: "anything",
      attributes: { storageAccount, CONTAINERNAME: container },
      phase: "Available",
    });
    cluster.persistentVolumes.push(byHand(account));
    await assertUntouched(volume.volume_id, status.FAILED_PRECONDITION, /PersistentVolume by-hand \(Available\)/);
    cluster.persistentVolumes.splice(0, 1, byHand("another"));
    await remove(volume.volume_id);
    assert(!isThere(volume.volume_id));
    cluster.persistentVolumes.length = 0;
  });

  it("asks nothing of Azure's role assignments while the PersistentVolume that it found last time is in use", async () => {
    const volume = await create(app, createRequest(app.emulator));
    remembered = { name: "velero-clone-1", phase: "Bound" };
    await assertUntouched(
      volume.volume_id,
      status.FAILED_PRECONDITION,
      /PersistentVolume velero-clone-1 \(Bound\) exists/,
    );
    const asked = app.armCalls().map(({ operation }) => operation);
    assert.deepEqual([...new Set(asked)], ["storageAccounts/get"], "the account alone, once it is forgotten");
    remembered = undefined;
    await remove(volume.volume_id);
    assert(!isThere(volume.volume_id));
  });

  it("asks Azure nothing at all for a deletion that is held up while the account is remembered", async () => {
    const remembering = await startEmulatedApp([], {
      emulator: app.emulator,
      clusterFor: () => ({ ...cluster, findVolumeUsing: async () => ({ name: "velero-clone-2", phase: "Bound" }) }),
    });
    try {
      const { volume_id: id } = await create(remembering, createRequest(app.emulator, { tags: "guard=held" }));
      remembering.forgetCalls();
      const deletion = remembering.csi.controller("DeleteVolume", { volume_id: id });
      await refused(deletion, status.FAILED_PRECONDITION, /velero-clone-2/);
      assert.deepEqual(remembering.armCalls(), []);
    } finally {
      await remembering.stop();
    }
  });

  it("deletes nothing while it is not known whether a PersistentVolume is in use", async () => {
    const volume = await create(app, createRequest(app.emulator));
    for (const reason of ["Unavailable", "DeadlineExceeded", "Misconfigured"] as const) {
      unreadable = new DriverError(reason, "reading all PersistentVolumes failed");
      await assertUntouched(volume.volume_id, status.UNAVAILABLE, /reading all PersistentVolumes failed/);
    }
    unreadable = undefined;
    await remove(volume.volume_id);
    assert(!isThere(volume.volume_id));
  });

  it("reports a delete lock and keeps the volume until the lock is gone", async () => {
    const volume = await create(app, createRequest(app.emulator, { isolation: "volume" }));
    const { account } = partsOf(volume.volume_id);
    const scope = app.emulator.world.accounts.get(account)?.id ?? assert.fail();
    const id = `${scope}/providers/Microsoft.Authorization/locks/keep`;
    app.emulator.world.locks.set(id.toLowerCase(), { id, name: "keep", scope, level: "CanNotDelete" });
    await refused(remove(volume.volume_id), status.UNAVAILABLE, /ScopeLocked.*lock/);
    assert(isThere(volume.volume_id) && app.emulator.world.accounts.has(account));
    app.emulator.world.locks.clear();
    await remove(volume.volume_id);
    assert(!app.emulator.world.accounts.has(account));
  });

  it("reports a legal hold and keeps the volume", async () => {
    const volume = await create(app, createRequest(app.emulator));
    const container = app.emulator.world.containers.get(partsOf(volume.volume_id).key) ?? assert.fail();
    container.hasLegalHold = true;
    await refused(
      remove(volume.volume_id),
      status.UNAVAILABLE,
      /protected from deletion due to LegalHold.*must release it/,
    );
    assert(isThere(volume.volume_id));
    container.hasLegalHold = false;
    await remove(volume.volume_id);
    assert(!isThere(volume.volume_id));
  });

  it("a lease does not hold it up", async () => {
    const volume = await create(app, createRequest(app.emulator));
    const container = app.emulator.world.containers.get(partsOf(volume.volume_id).key) ?? assert.fail();
    container.lease = { id: randomUUID(), state: "leased", durationSeconds: -1 };
    await remove(volume.volume_id);
    assert(!isThere(volume.volume_id));
    assert.equal(roleAssignmentsOn(volume.volume_id), 0);
  });

  it("with --on-delete=retain keeps the data and removes the access", async () => {
    const retaining = await startEmulatedApp(["--on-delete", "retain"]);
    try {
      const volume = await create(retaining, createRequest(retaining.emulator, { isolation: "volume" }));
      const { key, account, container } = partsOf(volume.volume_id);
      await retaining.csi.controller("DeleteVolume", { volume_id: volume.volume_id });
      const { world } = retaining.emulator;
      assert(world.containers.has(key) && world.accounts.has(account));
      const left = heldRoleAssignments(world).filter(({ scope }) => scope.endsWith(`/${container}`));
      assert.deepEqual(left, []);
    } finally {
      await retaining.stop();
    }
  });
});
