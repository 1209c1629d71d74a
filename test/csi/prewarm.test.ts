// Accounts made ahead of volumes: which, how many, at what cost, and what a volume that comes later still has to do.
import assert from "node:assert/strict";
import { toSettings } from "../../src/app/settings.ts";
import { blobBackend } from "../../src/backend/blob/backend.ts";
import { poolTagsOf } from "../../src/volume/account/account-names.ts";
import { parseVolumeClass } from "../../src/volume/class/parse-class.ts";
import { accountName } from "../../src/volume/names.ts";
import { create, createRequest, type EmulatedApp, startEmulatedApp } from "../support/emulated-app.ts";
import { createFakeCluster, type FakeCluster } from "../support/fake-cluster.ts";
import { settle } from "../support/fake-time.ts";
import { createMemoryLease } from "../support/memory-lease.ts";

/** `--drift-check-interval=off`: the only task is the one that is tested. */
const FLAGS = ["--prewarm", "--drift-check-interval", "off", "--http-endpoint", "127.0.0.1:0"];
/** Longer than the interval and its jitter, and than Azure's window of reads. */
const ROUND_MS = 5 * 60_000;
const NOT_REPAIRED = "storage account is no longer keyless";

type Options = NonNullable<Parameters<typeof startEmulatedApp>[1]>;

describe("accounts made ahead (--prewarm)", () => {
  let app: EmulatedApp;
  let cluster: FakeCluster;
  const replicas: EmulatedApp[] = [];
  afterEach(async () => {
    for (const each of replicas.splice(0)) await each.stop();
    await app.stop();
  });

  async function start(flags: readonly string[] = FLAGS, options: Options = {}): Promise<void> {
    const clusterFor: Options["clusterFor"] = ({ issuer }) => {
      cluster = createFakeCluster(issuer.issuer);
      return cluster;
    };
    app = await startEmulatedApp(flags, { clusterFor, patience: { retryDelayMs: 5 }, ...options });
  }

  /** Another replica of the same cluster, in the same Azure. */
  async function join(options: Options = {}): Promise<EmulatedApp> {
    const replica = await startEmulatedApp(FLAGS, { emulator: app.emulator, clusterFor: () => cluster, ...options });
    replicas.push(replica);
    return replica;
  }

  function addClass(name: string, parameters: Record<string, string> = {}, provisioner = "keyless.blob.csi"): void {
    const { parameters: all = {} } = createRequest(app.emulator, parameters);
    cluster.classes.push({ name, provisioner, parameters: { ...all, "csi.storage.k8s.io/fstype": "ext4" } });
  }

  async function round(of = app): Promise<"done" | "failed"> {
    const ended = of.untilTask();
    await of.time.advance(ROUND_MS);
    return ended;
  }

  const held = () => [...app.emulator.world.accounts.keys()].sort();
  const puts = () => app.armCalls().filter(({ operation }) => operation === "storageAccounts/create").length;
  const logged = (message: string) => app.log().split(`"message":"${message}`).length - 1;

  /** What CreateVolume of 0.1 computes for these parameters: the names that a volume would lead to. */
  function namesOf(parameters: Record<string, string>, poolSize: number): string[] {
    const { clusterId } = app.config;
    const settings = toSettings(app.config, blobBackend, undefined);
    const volumeClass = parseVolumeClass(
      createRequest(app.emulator, parameters).parameters ?? {},
      settings,
      blobBackend,
    );
    const { pool } = poolTagsOf(volumeClass, { namespace: "", volume: "" }, blobBackend);
    return Array.from({ length: poolSize }, (_, shard) => accountName({ clusterId, pool, shard, attempt: 0 })).sort();
  }

  async function gauges(of: EmulatedApp): Promise<string[]> {
    const { host = "", port = 0 } = of.app.health ?? {};
    const text = await (await fetch(`http://${host}:${port}/metrics`)).text();
    return text.split("\n").filter((line) => line.startsWith("keyless_csi_pool_accounts"));
  }

  it("are poolSize for each class with isolation pool, under the names that volumes lead to, and none for others", async () => {
    await start();
    addClass("pool", { poolSize: "3" });
    addClass("one", { skuName: "Standard_ZRS" });
    addClass("same-but-mount", { poolSize: "3", mountPermissions: "0750" });
    addClass("namespace", { isolation: "namespace", poolSize: "2" });
    addClass("volume", { isolation: "volume" });
    addClass("given", { storageAccount: "theirs" });
    addClass("wrong", { poolSize: "many" });
    addClass("others", { skuName: "Standard_GRS" }, "blob.csi.azure.com");
    assert.equal(await round(), "done");
    assert.deepEqual(held(), [...namesOf({ poolSize: "3" }, 3), ...namesOf({ skuName: "Standard_ZRS" }, 1)].sort());
    for (const { properties, tags } of app.emulator.world.accounts.values()) {
      assert.equal(properties["allowSharedKeyAccess"], false);
      assert.equal(tags["keyless-csi.cluster"], app.config.clusterId);
      assert.equal(tags["keyless-csi.isolation"], "pool");
    }
    assert.equal(app.emulator.world.containers.size, 0);
    assert.deepEqual(await gauges(app), [
      'keyless_csi_pool_accounts{storage_class="pool"} 3',
      'keyless_csi_pool_accounts{storage_class="one"} 1',
      'keyless_csi_pool_accounts{storage_class="same-but-mount"} 3',
      'keyless_csi_pool_accounts_wanted{storage_class="pool"} 3',
      'keyless_csi_pool_accounts_wanted{storage_class="one"} 1',
      'keyless_csi_pool_accounts_wanted{storage_class="same-but-mount"} 3',
    ]);
    await round();
    assert.equal(logged("no accounts are made ahead for a StorageClass"), 1, "a wrong class is logged once");
    assert.match(app.log(), /"task":"prewarm","storageClass":"wrong".*poolSize/);
  });

  it("are not made without the setting", async () => {
    await start(["--http-endpoint", "127.0.0.1:0"]);
    addClass("pool");
    await round();
    assert.deepEqual(held(), []);
    assert.deepEqual(await gauges(app), []);
  });

  it("leave the first volume of a class no call for an account", async () => {
    await start();
    addClass("pool", { poolSize: "4" });
    await round();
    const made = held();
    app.forgetCalls();
    for (let volume = 0; volume < 8; volume++) await create(app, createRequest(app.emulator, { poolSize: "4" }));
    const ofAccounts = app.armCalls().filter(({ operation }) => operation.startsWith("storageAccounts/"));
    assert.deepEqual(ofAccounts, []);
    assert.equal(app.emulator.world.containers.size, 8);
    assert.deepEqual(held(), made);
  });

  it("are confirmed again by one read each, before they are forgotten", async () => {
    await start();
    addClass("pool", { poolSize: "3" });
    await round();
    app.forgetCalls();
    const ended = app.untilTask();
    // Azure's answers count for 5 minutes, and 240 s with their jitter are the longest way to the next round.
    await app.time.advance(265_000);
    assert.equal(await ended, "done");
    assert.deepEqual(
      app.armCalls().map(({ operation }) => operation),
      Array(3).fill("storageAccounts/get"),
    );
  });

  it("are made again where somebody has deleted one, and looked at like any other where somebody has opened one", async () => {
    await start();
    addClass("pool", { poolSize: "2" });
    await round();
    const [deleted = "", opened = ""] = held();
    app.emulator.world.accounts.delete(deleted);
    await round();
    assert.deepEqual(held(), [deleted, opened].sort());
    Object.assign(app.emulator.world.accounts.get(opened)?.properties ?? {}, { allowSharedKeyAccess: true });
    assert.equal(await round(), "failed");
    assert.equal(logged(NOT_REPAIRED), 1);
    assert.deepEqual(await gauges(app), [
      'keyless_csi_pool_accounts{storage_class="pool"} 1',
      'keyless_csi_pool_accounts_wanted{storage_class="pool"} 2',
    ]);
  });

  it("stay when their class is deleted", async () => {
    await start();
    addClass("pool", { poolSize: "2" });
    await round();
    const made = held();
    cluster.classes.length = 0;
    assert.equal(await round(), "done");
    assert.deepEqual(held(), made);
    assert.deepEqual(await gauges(app), []);
  });

  it("are made by one of two replicas, and once", async () => {
    const lease = createMemoryLease();
    await start(FLAGS, { leases: lease.connect() });
    addClass("pool", { poolSize: "3" });
    const other = await join({ leases: lease.connect() });
    await round();
    await other.time.advance(30_000); // less than after what it would count the Lease as expired
    assert.equal(puts(), 3);
    assert.equal(held().length, 3);
    assert.equal((await gauges(app)).length, 2);
    assert.deepEqual(await gauges(other), [], "the other one runs no tasks");
    // The replica that creates volumes may be the other one: it reads the account, and creates none.
    app.forgetCalls();
    await create(other, createRequest(app.emulator, { poolSize: "3" }));
    assert.equal(puts(), 0);
    assert.equal(held().length, 3);
  });

  it("are the same when two replicas believe to be the only one, and volumes come meanwhile", async () => {
    await start(FLAGS, { settings: { accountCreationMs: 200 } });
    addClass("pool", { poolSize: "3" });
    const other = await join();
    const volumes = Array.from({ length: 6 }, () => createRequest(app.emulator, { poolSize: "3" }));
    await Promise.all([round(), round(other), ...volumes.map((request) => create(app, request))]);
    // Whatever one of them has met in the middle of the other's work, the next round finds.
    await Promise.all([round(), round(other)]);
    assert.deepEqual(held(), namesOf({ poolSize: "3" }, 3));
    assert.equal(app.emulator.world.containers.size, 6);
  });

  it("keep within their own budget of calls", async () => {
    await start();
    addClass("pool", { poolSize: "30" });
    const ended = app.untilTask();
    await app.time.advance(30_000);
    // The first turn comes after 24 s; then the task waits by the clock for the budget's window.
    while (app.time.sleepers() === 0) await settle();
    assert.equal(held().length, 12, "8 calls at most for each, and 100 in 5 minutes");
    assert.ok(app.armCalls().length <= 100, `${app.armCalls().length} calls`);
    for (const expected of [25, 30]) {
      await app.time.advance(300_000);
      while (app.time.sleepers() === 0) await settle();
      assert.equal(held().length, expected);
    }
    assert.equal(await ended, "done");
  });

  it("end at a quota for their class, and what exists is confirmed and used all the same", async () => {
    await start(FLAGS, { settings: { accountsPerRegion: 2 } });
    addClass("pool", { poolSize: "5" });
    addClass("other", { skuName: "Standard_ZRS" });
    assert.equal(await round(), "failed");
    assert.equal(held().length, 2);
    assert.equal(puts(), 4, "two made; one refused for each class");
    assert.match(app.log(), /"task":"prewarm","reason":"QuotaExhausted"/);
    app.forgetCalls();
    assert.equal(await round(), "failed");
    assert.equal(app.armCalls().filter(({ operation }) => operation === "storageAccounts/get").length, 2 + 4 + 4);
    assert.deepEqual(await gauges(app), [
      'keyless_csi_pool_accounts{storage_class="pool"} 2',
      'keyless_csi_pool_accounts{storage_class="other"} 0',
      'keyless_csi_pool_accounts_wanted{storage_class="pool"} 5',
      'keyless_csi_pool_accounts_wanted{storage_class="other"} 1',
    ]);
  });

  it("need Kubernetes, which is said at the start", async () => {
    app = await startEmulatedApp(FLAGS);
    assert.equal(await round(), "done");
    assert.deepEqual(held(), []);
    assert.match(app.log(), /"level":"warn","message":"--prewarm has no effect without Kubernetes/);
  });

  it("fail as a task, and leave volumes alone, while the classes cannot be listed", async () => {
    await start();
    Object.assign(cluster, { listClasses: () => Promise.reject(new Error("refused")) });
    assert.equal(await round(), "failed");
    assert.deepEqual(held(), []);
    await create(app, createRequest(app.emulator));
    assert.equal(held().length, 1);
  });
});
