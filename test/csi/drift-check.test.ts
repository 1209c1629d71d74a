// The background check: an account that somebody opens is found within one round, without a new volume; what it costs, what
// it shows, and that its failures affect no volume.
import assert from "node:assert/strict";
import type { Volume } from "../../src/csi/proto.generated.ts";
import type { Emulator } from "../../src/emulator/emulator.ts";
import { accountName } from "../../src/volume/names.ts";
import type { ClusterVolume } from "../../src/volume/ports.ts";
import {
  create,
  createRequest,
  type EmulatedApp,
  type EmulatedAppOptions,
  startEmulatedApp,
} from "../support/emulated-app.ts";
import { administratorToken, send } from "../support/emulator-client.ts";
import { createFakeCluster, type FakeCluster, persistentVolumeOf } from "../support/fake-cluster.ts";
import { createMemoryLease } from "../support/memory-lease.ts";

const HTTP = ["--http-endpoint", "127.0.0.1:0"];
/** Longer than the interval and its jitter. */
const ROUND_MS = 12 * 60_000;

describe("the drift check", () => {
  let app: EmulatedApp;
  let cluster: FakeCluster;
  let volumeLists = 0;
  afterEach(() => app.stop());

  type Flags = Parameters<typeof startEmulatedApp>[0];
  async function start(flags: Flags = [], options: EmulatedAppOptions = {}): Promise<void> {
    volumeLists = 0;
    const clusterFor: EmulatedAppOptions["clusterFor"] = ({ issuer }) => {
      cluster = createFakeCluster(issuer.issuer);
      const { listVolumes } = cluster;
      return Object.assign(cluster, {
        listVolumes() {
          volumeLists += 1;
          return listVolumes();
        },
      });
    };
    const all = (emulator: Emulator) => [...HTTP, ...(typeof flags === "function" ? flags(emulator) : flags)];
    app = await startEmulatedApp(all, {
      clusterFor,
      patience: { retryDelayMs: 5 },
      tasks: ["drift-check"],
      ...options,
    });
  }

  /** Creates a volume, and its PersistentVolume in the cluster. */
  async function bind(claim: string, overrides: Partial<ClusterVolume> = {}, parameters = {}): Promise<Volume> {
    const request = createRequest(app.emulator, parameters);
    const volume = await create(app, request);
    const ofTeam = { namespace: "team", name: claim, uid: `uid-${claim}` };
    cluster.persistentVolumes.push({ ...persistentVolumeOf(volume, request.name ?? "", ofTeam), ...overrides });
    return volume;
  }

  async function round(): Promise<"done" | "failed"> {
    const ended = app.untilTask();
    await app.time.advance(ROUND_MS);
    return ended;
  }

  /** What an administrator does in Azure by hand. */
  async function patch(account: string, properties: object): Promise<void> {
    const { id } = app.emulator.world.accounts.get(account) ?? assert.fail(`no account ${account}`);
    const answer = await send(app.emulator, `${id}?api-version=2025-06-01`, {
      method: "PATCH",
      headers: {
        authorization: `Bearer ${await administratorToken(app.emulator)}`,
        "content-type": "application/json",
      },
      body: JSON.stringify({ properties }),
    });
    assert.equal(answer.status, 200, answer.text);
  }
  const accountOf = (volume: Volume) => volume.volume_context["storageaccount"] ?? "";
  const held = (account: string) => app.emulator.world.accounts.get(account)?.properties ?? assert.fail("no account");

  /** A metric without labels, undefined when it is left out. */
  async function metric(name: string): Promise<number | undefined> {
    const { host = "", port = 0 } = app.app.health ?? {};
    const text = await (await fetch(`http://${host}:${port}/metrics`)).text();
    const [, value] = new RegExp(`^${name} (.*)$`, "m").exec(text) ?? [];
    return value === undefined ? undefined : Number(value);
  }
  const gauges = async () => [
    await metric("keyless_csi_accounts_checked"),
    await metric("keyless_csi_accounts_not_keyless"),
  ];
  const logged = (message: string) => app.log().split(`"message":"${message}"`).length - 1;
  const storageCalls = () =>
    app
      .armCalls()
      .map(({ operation }) => operation)
      .filter((operation) => operation.startsWith("storageAccounts/"));

  it("costs one list for each resource group and nothing else while every account is keyless", async () => {
    await start();
    await bind("one");
    await bind("two", {}, { isolation: "volume" });
    assert.deepEqual(await gauges(), [undefined, undefined], "left out before the first round");
    app.forgetCalls();
    const before = Date.now() / 1000;
    assert.equal(await round(), "done");
    assert.deepEqual(
      app.armCalls().map(({ operation }) => operation),
      ["storageAccounts/listByGroup"],
    );
    assert.equal(volumeLists, 0);
    assert.deepEqual(await gauges(), [2, 0]);
    assert.ok(((await metric("keyless_csi_accounts_checked_timestamp_seconds")) ?? 0) >= before);
    assert.equal(await metric("keyless_csi_background_leader"), 1);
  });

  it("lists each resource group once, however often and in whatever case the settings name it", async () => {
    await start(({ info: { subscriptionId, resourceGroup } }) => {
      const groups = ["other", resourceGroup.toUpperCase(), "OTHER"].map((name) => `${subscriptionId}/${name}`);
      return ["--allowed-resource-groups", groups.join(",")];
    });
    await bind("one");
    app.forgetCalls();
    await round();
    const paths = app.emulator.calls.report().calls.map(({ path }) => path.toLowerCase());
    const lists = paths.filter((path) =>
      /\/resourcegroups\/[^/]+\/providers\/microsoft.storage\/storageaccounts(\?|$)/.test(path),
    );
    assert.equal(lists.length, 2, lists.join("\n"));
    assert.equal(new Set(lists).size, 2, lists.join("\n"));
  });

  it("finds an account that was opened by hand within one round: gauge, log, an event on each claim in it", async () => {
    await start();
    const volume = await bind("one");
    await bind("two");
    await bind("elsewhere", {}, { isolation: "volume" });
    await bind("gone", { phase: "Released" });
    cluster.persistentVolumes.push({
      ...{ name: "by-hand", handle: "anything", phase: "Bound" },
      attributes: { StorageAccount: accountOf(volume), containerName: "data" },
      claim: { namespace: "other", name: "static", uid: "uid-static" },
    });
    await patch(accountOf(volume), { allowSharedKeyAccess: true, allowBlobPublicAccess: true });
    app.forgetCalls();
    await round();
    assert.deepEqual(storageCalls(), ["storageAccounts/listByGroup", "storageAccounts/get"], "a list may lag");
    assert.deepEqual(await gauges(), [2, 1]);
    assert.equal(await metric("keyless_csi_account_drift_total"), 1);
    const seen = cluster.warnings.map(({ namespace, name, reason }) => `${namespace}/${name} ${reason}`);
    assert.deepEqual(
      seen.sort(),
      ["other/static", "team/one", "team/two"].map((claim) => `${claim} AccountNotKeyless`),
    );
    const [{ message } = assert.fail("no event")] = cluster.warnings;
    assert.match(message, new RegExp(`^storage account ${accountOf(volume)} in resource group [^ ]+ is not keyless: `));
    assert.match(message, /shared key access is on .*, anonymous access is on .*\. The data of this claim is open to/);
    assert.ok(message.length < 850, `${message.length} characters`);
    assert.equal(logged("storage account is no longer keyless"), 1);
    await round();
    assert.equal(logged("storage account is no longer keyless"), 1, "not again while it stays open");
    assert.equal(new Set(cluster.warnings.map((warning) => warning.message)).size, 1, "the same text each time");
    const inLog = app
      .log()
      .match(/"volume":"[^"]+","claim":"team\/one",[^\n]*"task":"drift-check",[^\n]*"AccountNotKeyless"/g);
    assert.equal(inLog?.length, 1, "a line for the claim, once");
  });

  it("refuses the next volume of that account at once, whatever was remembered of it", async () => {
    await start();
    const volume = await bind("one");
    await patch(accountOf(volume), { allowSharedKeyAccess: true });
    await create(app, createRequest(app.emulator)); // remembered as keyless for 5 minutes
    await round();
    await assert.rejects(create(app, createRequest(app.emulator)), /is not keyless: shared key access is on/);
  });

  it("leaves nothing of it when the account is keyless again", async () => {
    await start();
    const volume = await bind("one");
    await patch(accountOf(volume), { allowSharedKeyAccess: true });
    await round();
    await patch(accountOf(volume), { allowSharedKeyAccess: false });
    cluster.warnings.length = 0;
    await round();
    assert.deepEqual(await gauges(), [1, 0]);
    assert.match(app.log(), /"level":"info","message":"storage account is keyless again".*"how":"found"/);
    assert.deepEqual(cluster.warnings, []);
    await round();
    assert.equal(logged("storage account is keyless again"), 1);
  });

  it("does not report an account that only a lagging list shows as open", async () => {
    await start();
    const volume = await bind("one");
    const { id, tags } = app.emulator.world.accounts.get(accountOf(volume)) ?? assert.fail("no account");
    const stale = { id, name: accountOf(volume), tags, properties: { allowSharedKeyAccess: true } };
    app.emulator.faults.add({
      match: { operation: "storageAccounts/listByGroup" },
      action: { status: 200, body: JSON.stringify({ value: [stale] }) },
    });
    assert.equal(await round(), "done");
    assert.deepEqual(await gauges(), [1, 0]);
    assert.equal(logged("storage account is no longer keyless"), 0);
    assert.deepEqual(cluster.warnings, []);
  });

  it("closes it with --repair-drift, and does not fight a policy that opens it again", async () => {
    await start(["--repair-drift"]);
    const volume = await bind("one");
    await patch(accountOf(volume), { allowSharedKeyAccess: true, isLocalUserEnabled: true });
    await round();
    assert.deepEqual(
      ["allowSharedKeyAccess", "isLocalUserEnabled"].map((name) => held(accountOf(volume))[name]),
      [false, false],
    );
    assert.deepEqual(await gauges(), [1, 0]);
    assert.equal(await metric("keyless_csi_account_drift_total"), 1, "found all the same");
    assert.match(app.log(), /"message":"storage account is keyless again".*"how":"repaired"/);
    assert.deepEqual(cluster.warnings, []);
    await patch(accountOf(volume), { allowSharedKeyAccess: true });
    await round();
    assert.equal(held(accountOf(volume))["allowSharedKeyAccess"], true);
    assert.deepEqual(await gauges(), [1, 1]);
    assert.equal(cluster.warnings.length, 1);
  });

  it("finds an account that was opened after its tags were taken away, and reports the tags once", async () => {
    await start();
    const account = app.emulator.world.accounts.get(accountOf(await bind("one"))) ?? assert.fail("no account");
    account.tags = { owner: "finance" };
    account.properties["allowSharedKeyAccess"] = true;
    await round();
    await round();
    assert.deepEqual(await gauges(), [1, 1]);
    assert.equal(logged("storage account lost the tags of this controller"), 1);
    assert.deepEqual(account.tags, { owner: "finance" });
    assert.ok(cluster.warnings.some(({ name, reason }) => name === "one" && reason === "AccountNotKeyless"));
  });

  for (const [what, fail] of [
    [
      "the cluster's classes",
      () => Object.assign(cluster, { listClasses: () => Promise.reject(new Error("refused")) }),
    ],
    [
      "what is in it",
      () =>
        app.emulator.faults.add({
          match: { path: "/blobServices/default/containers" },
          times: -1,
          action: { status: 403, code: "AuthorizationFailed" },
        }),
    ],
  ] as const) {
    it(`finds the others that are open while ${what} cannot be read for one without tags`, async () => {
      await start();
      const open = await bind("one");
      const stripped = accountOf(await bind("two", {}, { isolation: "volume" }));
      Object.assign(app.emulator.world.accounts.get(stripped) ?? assert.fail("no account"), { tags: {} });
      await patch(accountOf(open), { allowSharedKeyAccess: true });
      fail();
      assert.equal(await round(), "failed");
      assert.equal(logged("storage account is no longer keyless"), 1);
      assert.deepEqual(
        cluster.warnings.map(({ name }) => name),
        ["one"],
      );
      assert.deepEqual(await gauges(), [1, 1]);
      const completed = await metric("keyless_csi_accounts_checked_timestamp_seconds");
      assert.equal(completed, undefined, "not every account was recognised");
    });
  }

  it("keeps an open account without tags in the gauge while it cannot be recognised again", async () => {
    await start();
    const account = app.emulator.world.accounts.get(accountOf(await bind("one"))) ?? assert.fail("no account");
    account.tags = {};
    account.properties["allowSharedKeyAccess"] = true;
    await round();
    Object.assign(cluster, { listClasses: () => Promise.reject(new Error("refused")) });
    assert.equal(await round(), "failed");
    assert.deepEqual(await gauges(), [1, 1]);
    assert.equal(logged("storage account is no longer keyless"), 1);
  });

  it("leaves the service ready when a request of its own gets no answer", async () => {
    await start();
    await bind("one");
    const { host = "", port = 0 } = app.app.health ?? {};
    const readiness = async () => (await fetch(`http://${host}:${port}/readyz`)).status;
    assert.equal(await readiness(), 200);
    app.emulator.faults.add({
      match: { operation: "storageAccounts/listByGroup" },
      times: -1,
      action: { reset: "before" },
    });
    assert.equal(await round(), "failed");
    assert.equal(await readiness(), 200);
    app.emulator.faults.add({ match: {}, times: -1, action: { reset: "before" } });
    await assert.rejects(create(app, createRequest(app.emulator, { isolation: "volume" })));
    assert.equal(await readiness(), 503, "a volume's request still decides");
    app.emulator.faults.clear();
    assert.equal(await round(), "done");
    assert.equal(await readiness(), 200, "what is answered proves that Azure can be reached");
  });

  it("puts tags back and closes the account with --repair-drift", async () => {
    await start(["--repair-drift"]);
    const account = app.emulator.world.accounts.get(accountOf(await bind("one"))) ?? assert.fail("no account");
    const parameters = createRequest(app.emulator).parameters ?? {};
    cluster.classes.push({ name: "blob", provisioner: "keyless.blob.csi", parameters });
    const before = account.tags;
    account.tags = { owner: "finance" };
    account.properties["allowSharedKeyAccess"] = true;
    await round();
    assert.deepEqual(account.tags, { owner: "finance", ...before });
    assert.equal(account.properties["allowSharedKeyAccess"], false);
    assert.deepEqual(await gauges(), [1, 0]);
  });

  it("puts no tags on an account in which something carries another cluster's mark", async () => {
    await start(["--repair-drift"]);
    const volume = await bind("one");
    const account = app.emulator.world.accounts.get(accountOf(volume)) ?? assert.fail("no account");
    account.tags = { owner: "finance" };
    const [, , name = ""] = volume.volume_id.split("#");
    const container = app.emulator.world.containers.get(`${account.name}/${name}`) ?? assert.fail("no container");
    container.metadata = { ...container.metadata, keyless_cluster_uid: "99999999-0000-4000-8000-000000000009" };
    const first = await round();
    assert.deepEqual(account.tags, { owner: "finance" });
    assert.equal(first, "failed");
    assert.match(app.log(), /lost its keyless-csi tags, and container .* in it carries another cluster's mark/);
    assert.equal(await round(), "done", "reported once");
    assert.deepEqual(account.tags, { owner: "finance" });
  });

  it("writes no tags on an account that a tag that is left says is another cluster's of the same id", async () => {
    await start(["--repair-drift"]);
    const account = app.emulator.world.accounts.get(accountOf(await bind("one"))) ?? assert.fail("no account");
    const tags = { "keyless-csi.cluster-uid": "another" };
    account.tags = { ...tags };
    await round();
    assert.deepEqual(account.tags, tags);
  });

  it("puts tags back on an account of a cluster that was taken over, where its containers state that cluster's mark", async () => {
    const mark = "aaaaaaaa-0000-4000-8000-00000000000a";
    await start(["--repair-drift", "--also-owns", `old/${mark}`]);
    const made = app.emulator.world.accounts.get(accountOf(await bind("one"))) ?? assert.fail("no account");
    const [container = assert.fail("no container")] = app.emulator.world.containers.values();
    const name = accountName({ clusterId: "old", pool: "p", shard: 0, attempt: 0 });
    const moved = { ...made, id: made.id.replace(made.name, name), name, tags: {} as Record<string, string> };
    app.emulator.world.accounts.set(name, moved);
    const placement = { keyless_pool: "p", keyless_shard: "0", keyless_attempt: "0" };
    const metadata = { keyless_cluster: "old", keyless_cluster_uid: mark, ...placement };
    app.emulator.world.containers.set(`${name}/${container.name}`, { ...container, account: name, metadata });
    await round();
    assert.equal(moved.tags["keyless-csi.cluster"], "old");
    assert.equal(moved.tags["keyless-csi.cluster-uid"], mark);
  });

  it("reports a given account and never writes it, and leaves out what others have in the resource group", async () => {
    await start(["--repair-drift"]);
    const volume = await bind("one");
    const made = app.emulator.world.accounts.get(accountOf(volume)) ?? assert.fail("no account");
    for (const [name, tags] of [
      ["givenbyadmin", { "keyless-csi.cluster": "emulator" }],
      ["somebodyelses", {}],
    ] as const) {
      const properties = { ...made.properties, allowSharedKeyAccess: true };
      app.emulator.world.accounts.set(name, { ...made, id: made.id.replace(made.name, name), name, properties, tags });
    }
    app.forgetCalls();
    await round();
    assert.deepEqual(await gauges(), [2, 1]);
    assert.deepEqual(storageCalls(), ["storageAccounts/listByGroup", "storageAccounts/get"]);
    assert.equal(held("givenbyadmin")["allowSharedKeyAccess"], true, "not this controller's to close");
    assert.doesNotMatch(app.log(), /somebodyelses/);
  });

  it("warns 50 claims in a round, the others in the next, and then the first again", async () => {
    await start();
    const volume = await bind("original");
    const [original = assert.fail("no volume")] = cluster.persistentVolumes.splice(0);
    for (let number = 0; number < 120; number++) {
      const name = `claim-${number}`;
      const claim = { namespace: "team", name, uid: `uid-${number}` };
      cluster.persistentVolumes.push({ ...original, name: `pv-${number}`, claim });
    }
    await patch(accountOf(volume), { allowSharedKeyAccess: true });
    const perRound: number[] = [];
    for (let rounds = 0; rounds < 3; rounds++) {
      const before = cluster.warnings.length;
      await round();
      perRound.push(cluster.warnings.length - before);
    }
    assert.deepEqual(perRound, [50, 50, 50]);
    assert.equal(new Set(cluster.warnings.slice(0, 120).map(({ name }) => name)).size, 120);
  });

  it("goes on with the other claims when one cannot be warned", async () => {
    await start();
    const volume = await bind("one");
    await bind("two");
    const { warnClaim } = cluster;
    Object.assign(cluster, {
      warnClaim: (...given: Parameters<typeof warnClaim>) =>
        given[0].name === "one" ? Promise.reject(new Error("namespace is being deleted")) : warnClaim(...given),
    });
    await patch(accountOf(volume), { allowSharedKeyAccess: true });
    assert.equal(await round(), "failed");
    assert.deepEqual(
      cluster.warnings.map(({ name }) => name),
      ["two"],
    );
    assert.deepEqual(await gauges(), [1, 1]);
  });

  it("fails alone: a list that is throttled holds up no volume, is logged once and counted each time", async () => {
    await start();
    await bind("one");
    const throttled = { status: 429, code: "TooManyRequests", headers: { "retry-after": "300" } };
    app.emulator.faults.add({
      match: { operation: "storageAccounts/listByGroup" },
      times: -1,
      action: throttled,
    });
    assert.equal(await round(), "failed");
    assert.equal(await round(), "failed");
    assert.equal(logged("background task failed, and will be tried again"), 1);
    assert.equal(await metric('keyless_csi_background_runs_total\\{task="drift-check",outcome="failed"\\}'), 2);
    assert.deepEqual(await gauges(), [undefined, undefined], "left out: it has not worked yet");
    app.forgetCalls();
    await create(app, createRequest(app.emulator, { isolation: "volume" }));
    assert.ok(storageCalls().includes("storageAccounts/get"));
  });

  it("reports what it has seen although a resource group cannot be listed, without a gauge until each was", async () => {
    const elsewhere = "00000000-0000-4000-8000-000000000000/other";
    await start(["--allowed-resource-groups", elsewhere]);
    const volume = await bind("one");
    await patch(accountOf(volume), { allowSharedKeyAccess: true });
    assert.equal(await round(), "failed");
    assert.deepEqual(await gauges(), [undefined, undefined]);
    assert.equal(cluster.warnings.length, 1);
  });

  it("keeps the last state and the time of the last whole check while one fails", async () => {
    await start();
    const volume = await bind("one");
    await patch(accountOf(volume), { allowSharedKeyAccess: true });
    await round();
    const at = await metric("keyless_csi_accounts_checked_timestamp_seconds");
    app.emulator.faults.add({ match: { operation: "storageAccounts/listByGroup" }, action: { status: 403 } });
    assert.equal(await round(), "failed");
    assert.deepEqual(await gauges(), [1, 1]);
    assert.equal(await metric("keyless_csi_accounts_checked_timestamp_seconds"), at);
    await round();
    assert.notEqual(await metric("keyless_csi_accounts_checked_timestamp_seconds"), at);
  });

  it("is off with --drift-check-interval=off: nothing runs, no gauge is shown", async () => {
    await start(["--drift-check-interval", "off"]);
    await bind("one");
    app.forgetCalls();
    await app.time.advance(10 * ROUND_MS);
    assert.deepEqual(app.armCalls(), []);
    assert.equal(app.time.sleepers(), 0);
    assert.equal(await metric("keyless_csi_background_leader"), undefined);
  });

  it("runs only in the replica that holds the Lease; the gauge of the others is left out", async () => {
    const lease = createMemoryLease();
    lease.overwrite({ holder: "another replica", durationMs: 7_200_000, version: "1" });
    await start([], { leases: lease.connect() });
    await bind("one");
    app.forgetCalls();
    await app.time.advance(ROUND_MS);
    assert.deepEqual(app.armCalls(), []);
    assert.deepEqual(await gauges(), [undefined, undefined]);
    assert.equal(await metric("keyless_csi_background_leader"), 0);
    lease.overwrite({ holder: "", durationMs: 1, version: "2" });
    await round();
    assert.deepEqual(await gauges(), [1, 0]);
    lease.overwrite({ holder: "another replica", durationMs: 7_200_000, version: "3" });
    await app.time.advance(ROUND_MS);
    assert.deepEqual(await gauges(), [undefined, undefined], "its state would be stale");
  });

  it("does not hold up the end: the Lease is given up and the service stops while a list gets no answer", async () => {
    const lease = createMemoryLease();
    await start([], { leases: lease.connect() });
    await bind("one");
    app.emulator.faults.add({
      match: { operation: "storageAccounts/listByGroup" },
      action: { hang: "forever" },
    });
    await app.time.advance(ROUND_MS);
    assert.notEqual(lease.held()?.holder, "");
    const begun = Date.now();
    assert.equal(await app.app.stop(), "finished");
    assert.equal(lease.held()?.holder, "", "another replica may begin");
    assert.ok(Date.now() - begun < 1_500, `${Date.now() - begun} ms`);
  });
});
