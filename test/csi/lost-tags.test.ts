// Accounts whose tags somebody has replaced: the name proves that they are ours, so that no claim gets a second account and
// every volume can be expanded, listed, found as an orphan and deleted. What proves nothing opens and deletes nothing.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { status } from "@grpc/grpc-js";
import { runOrphans } from "../../src/commands/orphans.ts";
import type { StorageAccount } from "../../src/emulator/world.ts";
import { accountName } from "../../src/volume/names.ts";
import { startAppInCluster } from "../support/app-in-cluster.ts";
import { create, createRequest, type EmulatedApp, startEmulatedApp } from "../support/emulated-app.ts";
import { createFakeCluster, type FakeCluster } from "../support/fake-cluster.ts";
import { heldContainers } from "../support/held.ts";
import { refused } from "../support/refused.ts";
import { SAFE_MOUNT } from "../support/safe-mount.ts";
import { createSink } from "../support/sink.ts";

const GIB = 2 ** 30;
const DRIVER = "keyless.blob.csi";
const PLACEMENT = ["keyless_pool", "keyless_shard", "keyless_attempt"];

type Tags = Readonly<Record<string, string>>;
const isOurs = (name: string) => name.toLowerCase().startsWith("keyless-csi.");

/** What people do to tags. */
const REPLACED: Readonly<Record<string, (tags: Tags) => Record<string, string>>> = {
  "all tags gone": () => ({}),
  "only ours gone": (tags) => ({
    ...Object.fromEntries(Object.entries(tags).filter(([name]) => !isOurs(name))),
    owner: "finance",
  }),
  "some gone": (tags) =>
    Object.fromEntries(
      Object.entries(tags).filter(([name]) => !/(isolation|volume|namespace|uid|attempt)$/.test(name)),
    ),
  "case changed": (tags) =>
    Object.fromEntries(Object.entries(tags).map(([name, value]) => [name.toUpperCase(), value])),
};

describe("an account that lost its tags", () => {
  let app: EmulatedApp;
  let cluster: FakeCluster;

  async function start(...flags: string[]): Promise<void> {
    ({ app, cluster } = await startAppInCluster(["--account-cache", "0s", ...flags]));
    cluster.namespaces.set("team", "uid-team");
  }
  afterEach(() => app.stop());

  const classOf = (parameters: Tags) => ({ clientID: app.emulator.info.identities[0]?.clientId ?? "", ...parameters });
  /** The StorageClass of these parameters, as the cluster has it. */
  const keepClass = (parameters: Tags) =>
    void cluster.classes.push({
      name: "blob",
      provisioner: DRIVER,
      parameters: { ...classOf(parameters), "csi.storage.k8s.io/fstype": "fuse" },
    });

  async function provision(parameters: Tags = {}, uid: string = randomUUID()) {
    cluster.claims.set(`team/${uid}`, { uid, isBoundLate: false });
    const volume = await create(app, {
      name: `pvc-${uid}`,
      volume_capabilities: [{ mount: SAFE_MOUNT, access_mode: { mode: "SINGLE_NODE_WRITER" } }],
      parameters: {
        ...classOf(parameters),
        "csi.storage.k8s.io/pvc/name": uid,
        "csi.storage.k8s.io/pvc/namespace": "team",
      },
    });
    const [, account = "", container = ""] = volume.volume_id.split("#");
    return { uid, id: volume.volume_id, account, container };
  }

  const accountOf = ({ account }: { readonly account: string }): StorageAccount =>
    app.emulator.world.accounts.get(account) ?? assert.fail(`no account ${account}`);
  const containerOf = ({ account, container }: { readonly account: string; readonly container: string }) =>
    app.emulator.world.containers.get(`${account}/${container}`) ?? assert.fail(`no container ${container}`);
  const accounts = () => [...app.emulator.world.accounts.keys()].sort();
  const containers = () => heldContainers(app.emulator.world).map(({ name }) => name);
  const writes = () => app.armCalls().filter(({ method }) => method !== "GET");
  const remove = (id: string) => app.csi.controller("DeleteVolume", { volume_id: id });
  const expand = (id: string) =>
    app.csi.controller("ControllerExpandVolume", {
      volume_id: id,
      capacity_range: { required_bytes: String(2 * GIB) },
    });
  const listed = async () =>
    (await app.csi.controller("ListVolumes", {})).entries.map(({ volume }) => volume?.volume_id ?? "");
  const logged = (level: string, message: RegExp) =>
    app
      .log()
      .split("\n")
      .filter((line) => line.includes(`"level":"${level}"`) && message.test(line));

  async function orphans(): Promise<readonly string[]> {
    const out = createSink();
    const values = { olderThan: 0, delete: false, evenAll: false, output: "json" as const };
    const streams = { stdout: out.stream, stderr: createSink().stream };
    for (const container of app.emulator.world.containers.values()) container.lastModified -= GIB;
    await runOrphans({ config: app.config, values: values as never, cluster, ...streams });
    const { findings } = JSON.parse(out.text()) as { findings: { kind: string; id: string }[] };
    return findings.filter(({ kind }) => kind === "container").map(({ id }) => id.split("/").at(-1) ?? "");
  }

  /** As a container of an earlier version: nothing says where its account stands. */
  function forgetPlacement(volume: { readonly account: string; readonly container: string }): void {
    const container = containerOf(volume);
    const kept = Object.entries(container.metadata).filter(([name]) => !PLACEMENT.includes(name));
    container.metadata = Object.fromEntries(kept);
  }

  /** What the command in a message puts on the account. */
  function tagsIn(message: string): Record<string, string> {
    const [, pairs = ""] = /--tags ((?:\S+=\S+ ?)+)/.exec(message) ?? [];
    return Object.fromEntries(
      pairs.split(" ").flatMap((pair) => (pair === "" ? [] : [pair.split("=") as [string, string]])),
    );
  }

  /** The next claim of the class, or a retry: the same account, or none that is missing the UID of its namespace. */
  async function claimAgain(isolation: string, { uid, account }: { uid: string; account: string }, isLost: boolean) {
    const another = provision({ isolation }, isolation === "volume" ? uid : randomUUID());
    if (isolation !== "namespace" || !isLost) return assert.equal((await another).account, account);
    const message = /lost the tag with the UID of namespace team.*keyless-csi\.namespace-uid=<UID>\. /;
    const said = await refused(another, status.FAILED_PRECONDITION, message);
    assert(said.indexOf("=<UID>") <= 850, `the command ends at ${said.indexOf("=<UID>")}`);
    assert(!said.includes("uid-team"), "never by a guess");
  }

  for (const isolation of ["pool", "namespace", "volume"]) {
    for (const [how, replace] of Object.entries(REPLACED)) {
      for (const isPlaced of [true, false]) {
        const metadata = isPlaced ? "with" : "without";
        it(`isolation ${isolation}, ${how}, ${metadata} placement in the metadata: found by every call`, async () => {
          await start();
          keepClass({ isolation });
          const volume = await provision({ isolation });
          if (!isPlaced) forgetPlacement(volume);
          const before = accounts();
          const account = accountOf(volume);
          account.tags = replace(account.tags);
          const isLost = how !== "case changed";

          await claimAgain(isolation, volume, isLost);
          assert.deepEqual(accounts(), before, "no second account");

          assert.equal((await expand(volume.id)).capacity_bytes, String(2 * GIB));
          assert((await listed()).includes(volume.id));
          cluster.claims.delete(`team/${volume.uid}`);
          assert((await orphans()).includes(volume.container));
          await remove(volume.id);
          assert(!containers().includes(volume.container));
          assert.deepEqual(accounts(), isolation === "volume" ? [] : before);
          assert.equal(logged("error", /lost the tags of this controller/).length > 0, isLost);
        });
      }
    }
  }

  it("is found by the volume's name and the PersistentVolume alone, when a workload has emptied the metadata", async () => {
    await start();
    for (const isolation of ["pool", "namespace", "volume"]) {
      const parameters = { isolation, ...(isolation !== "volume" && { poolSize: "3" }) };
      keepClass(parameters);
      const volume = await provision(parameters);
      accountOf(volume).tags = {};
      containerOf(volume).metadata = {};
      const claim = { namespace: "team", name: volume.uid, uid: volume.uid };
      const pv = { name: volume.container, handle: volume.id, attributes: {}, phase: "Released", claim };
      cluster.persistentVolumes.push(pv);
      assert((await listed()).includes(volume.id), isolation);
      await remove(volume.id);
      assert(!containers().includes(volume.container), isolation);
    }
  });

  for (const isolation of ["pool", "volume"]) {
    it(`the event on the claim has the command that puts everything back (isolation ${isolation})`, async () => {
      await start();
      const volume = await provision({ isolation });
      const account = accountOf(volume);
      const before = account.tags;
      account.tags = { owner: "finance" };
      await provision({ isolation }, isolation === "volume" ? volume.uid : randomUUID());
      const [event, ...more] = cluster.warnings.filter(({ reason }) => reason === "TagsLost");
      assert(event && more.length === 0);
      assert(event.message.length <= 850, `${event.message.length} characters`);
      assert(event.message.includes(`az tag update --operation merge --resource-id '${account.id}' --tags `));
      assert.deepEqual(tagsIn(event.message), before);
      const { fix } = JSON.parse(logged("error", /lost the tags/)[0] ?? "{}") as { fix?: string };
      assert.deepEqual(tagsIn(fix ?? ""), before);

      account.tags = { ...account.tags, ...tagsIn(event.message) };
      cluster.warnings.splice(0);
      const lines = logged("error", /lost the tags/).length;
      await provision({ isolation }, isolation === "volume" ? volume.uid : randomUUID());
      assert.deepEqual(cluster.warnings, []);
      assert.equal(logged("error", /lost the tags/).length, lines);
    });
  }

  it("with --repair-drift gets its tags back, and keeps those that others have put there", async () => {
    await start("--repair-drift");
    const volume = await provision({ tags: "cost=1" });
    const account = accountOf(volume);
    const before = account.tags;
    account.tags = { owner: "finance", "KEYLESS-CSI.SHARD": "0" };
    await provision({ tags: "cost=1" });
    const { cost: _, "keyless-csi.shard": shard, ...rest } = before;
    assert.deepEqual(account.tags, { owner: "finance", "KEYLESS-CSI.SHARD": shard, ...rest });
    assert.equal(logged("error", /lost the tags.*the tags were put back/).length, 1);
    assert.deepEqual(cluster.warnings, []);
    account.tags = {};
    await provision({ tags: "cost=1" });
    assert.deepEqual(account.tags, {}, "what takes them away is not fought");
  });

  it("is used all the same when its tags cannot be put back, and the log says why", async () => {
    await start("--repair-drift");
    const volume = await provision();
    const full = Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`theirs-${index}`, "x"]));
    accountOf(volume).tags = full;
    assert.equal((await provision()).account, volume.account);
    assert.deepEqual(accountOf(volume).tags, full);
    assert.equal(logged("warn", /tags of a storage account were not put back.*TooManyTags/).length, 1);
    assert.equal(cluster.warnings.filter(({ reason }) => reason === "TagsLost").length, 1);
  });

  it("of a cluster that was taken over is left alone until its mark is back, and the message has the command", async () => {
    await start();
    const volume = await provision();
    const account = accountOf(volume);
    const before = account.tags;
    account.tags = {};
    const mark = before["keyless-csi.cluster-uid"] ?? assert.fail("no mark");
    const heir = await startEmulatedApp(
      ["--account-cache", "0s", "--cluster-id", "heir", "--also-owns", `emulator/${mark}`],
      { emulator: app.emulator, clusterFor: ({ issuer }) => createFakeCluster(issuer.issuer, randomUUID()) },
    );
    try {
      const removeThere = () => heir.csi.controller("DeleteVolume", { volume_id: volume.id });
      const said = await refused(removeThere(), status.FAILED_PRECONDITION, /lost its keyless-csi tags/);
      assert(containers().includes(volume.container));
      account.tags = tagsIn(said);
      const { "keyless-csi.isolation": _, ...known } = before;
      assert.deepEqual(account.tags, known);
      await removeThere();
      assert(!containers().includes(volume.container));
    } finally {
      await heir.stop();
    }
  });

  it("of a namespace takes volumes again once its UID is back, and never by a guess", async () => {
    await start("--repair-drift");
    const volume = await provision({ isolation: "namespace" });
    const account = accountOf(volume);
    const { "keyless-csi.namespace-uid": uid, ...others } = account.tags;
    account.tags = others;
    const said = await refused(
      provision({ isolation: "namespace" }),
      status.FAILED_PRECONDITION,
      /lost the tag with the UID/,
    );
    assert(!said.includes("uid-team"));
    assert.deepEqual(account.tags, others);
    assert.equal(accounts().length, 1);
    account.tags = { ...others, "keyless-csi.namespace-uid": uid ?? "" };
    assert.equal((await provision({ isolation: "namespace" })).account, volume.account);
  });

  it("is ours without Kubernetes too, by the computed name and by the placement in the metadata", async () => {
    app = await startEmulatedApp(["--account-cache", "0s"]);
    const request = () => createRequest(app.emulator);
    const { volume_id: id } = await create(app, request());
    const [, account = ""] = id.split("#");
    accountOf({ account }).tags = {};
    assert.equal((await create(app, request())).volume_id.split("#")[1], account);
    await expand(id);
    assert((await listed()).includes(id));
    await remove(id);
    assert.equal(containers().length, 1);
    assert.deepEqual(accounts(), [account]);
  });

  it("of one volume stays when its class is gone, since only the class could prove what it was for", async () => {
    await start();
    const volume = await provision({ isolation: "volume" });
    accountOf(volume).tags = {};
    await remove(volume.id);
    assert(!containers().includes(volume.container));
    assert.deepEqual(accounts(), [volume.account]);
    assert.equal(logged("warn", /was kept: nothing says whether it was made for the deleted volume alone/).length, 1);
    await remove(volume.id);
  });

  it("is not taken for ours by metadata that was copied, or that names another place", async () => {
    await start();
    keepClass({});
    const volume = await provision();
    const [ours, container] = [accountOf(volume), containerOf(volume)];
    const elsewhere = { keyless_pool: "x", keyless_shard: "0", keyless_attempt: "0" };
    const foreign = [
      ["klaaaaaaaaaaaaaaaaaaaaaa", container.metadata],
      [accountName({ clusterId: "other", pool: "x", shard: 0, attempt: 0 }), { ...container.metadata, ...elsewhere }],
      [
        accountName({ clusterId: "other", pool: "x", shard: 0, attempt: 0 }),
        { ...container.metadata, ...elsewhere, keyless_cluster: "other" },
      ],
    ] as const;
    for (const [name, metadata] of foreign) {
      app.emulator.world.accounts.set(name, { ...ours, id: ours.id.replace(ours.name, name), name, tags: {} });
      app.emulator.world.containers.set(`${name}/${container.name}`, { ...container, account: name, metadata });
      app.forgetCalls();
      const forged = volume.id.replace(volume.account, name);
      await refused(remove(forged), status.FAILED_PRECONDITION, /was not made by this controller/);
      await refused(expand(forged), status.NOT_FOUND, /does not exist/);
      assert.deepEqual(await listed(), [volume.id]);
      assert.deepEqual(writes(), []);
      app.emulator.world.accounts.delete(name);
      app.emulator.world.containers.delete(`${name}/${container.name}`);
    }
  });

  it("is listed once for all claims that wait, also where nothing in it carries a mark", async () => {
    await start();
    const volume = await provision();
    accountOf(volume).tags = {};
    for (const { metadata } of heldContainers(app.emulator.world)) delete metadata["keyless_cluster_uid"];
    app.forgetCalls();
    await Promise.all(Array.from({ length: 20 }, () => provision()));
    const lists = app.armCalls().filter(({ operation }) => operation === "containers/list").length;
    assert(lists <= 2, `${lists} lists`);
  });

  it("asks everything in it for its mark, and not the first hundred", async () => {
    await start("--repair-drift");
    const volume = await provision();
    const [account, container] = [accountOf(volume), containerOf(volume)];
    for (let count = 0; count < 150; count += 1) {
      const name = `pvc-00000000-0000-4000-8000-${String(count).padStart(12, "0")}`;
      app.emulator.world.containers.set(`${account.name}/${name}`, { ...container, name });
    }
    const others = `pvc-ffffffff-0000-4000-8000-${"f".repeat(12)}`;
    const metadata = { ...container.metadata, keyless_cluster_uid: randomUUID() };
    app.emulator.world.containers.set(`${account.name}/${others}`, { ...container, name: others, metadata });
    account.tags = {};
    await refused(provision(), status.FAILED_PRECONDITION, /carries another cluster's mark: no volume is created/);
    assert.deepEqual(account.tags, {});
  });

  it("keeps the word of every tag that is still there", async () => {
    await start();
    keepClass({});
    const volume = await provision();
    const account = accountOf(volume);
    for (const [tag, value] of [
      ["cluster", "other"],
      ["cluster-uid", randomUUID()],
      ["pool", "other"],
      ["shard", "1"],
      ["attempt", "3"],
      ["isolation", "volume"],
    ] as const) {
      account.tags = { [`keyless-csi.${tag}`]: value };
      app.forgetCalls();
      await refused(remove(volume.id), status.FAILED_PRECONDITION, /nothing was touched/);
      assert.deepEqual(writes(), [], tag);
      assert(containers().includes(volume.container), tag);
    }
  });

  it("is left alone where what is in it belongs to another cluster of the same id", async () => {
    await start();
    const volume = await provision();
    accountOf(volume).tags = {};
    containerOf(volume).metadata["keyless_cluster_uid"] = randomUUID();
    app.forgetCalls();
    await refused(provision(), status.FAILED_PRECONDITION, /carries another cluster's mark: no volume is created/);
    await refused(remove(volume.id), status.FAILED_PRECONDITION, /nothing was touched/);
    assert.deepEqual(await orphans(), []);
    assert.deepEqual(writes(), []);
  });
});
