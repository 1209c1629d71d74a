// Every alert fires when its cause is there, and none without: the service is brought into the state, its real metrics are taken
// before and after, and Prometheus' promtool evaluates the shipped rules over them.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { startEmulator } from "../../src/emulator/emulator.ts";
import { DriverError } from "../../src/errors.ts";
import {
  create,
  createRequest,
  type EmulatedApp,
  type EmulatedAppOptions,
  startEmulatedApp,
} from "../support/emulated-app.ts";
import { createFakeCluster, type FakeCluster } from "../support/fake-cluster.ts";
import { createMemoryLease } from "../support/memory-lease.ts";
import { startOrphanRounds } from "../support/orphan-rounds.ts";
import { repository } from "../support/sources.ts";
import { startVolumesInUse } from "../support/volumes-in-use.ts";
import { assertFiring, type Phase, promtool, RULES } from "./support/promtool.ts";

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string; readonly runbook_url: string };
}

const { groups } = parse(readFileSync(RULES, "utf8")) as { groups: { rules: Rule[] }[] };
const rules = groups.flatMap((group) => group.rules);
const HTTP = ["--http-endpoint", "127.0.0.1:0", "--account-cache", "0s"];
/** Longer than the interval of the background tasks and its jitter. */
const ROUND_MS = 12 * 60_000;

/** What has happened already, or must not last; the others fire when it lasts. */
const AT_ONCE = [
  "AccountDrift",
  "AccountNotKeyless",
  "BackgroundTaskFails",
  "NothingDeleted",
  "Restarts",
  "TagsLost",
  "Throttled",
];

/** `15m` -> 15; 0 for a rule that fires at once. */
const minutesOf = (text = "0m") => Number(text.slice(0, -1));

describe("the alert rules", function () {
  this.timeout(120_000); // a guard against a hang only
  let app: EmulatedApp | undefined;
  let cluster: FakeCluster;
  const tested = new Set<string>();
  afterEach(async () => {
    await app?.stop();
    app = undefined;
  });

  async function start(flags: readonly string[] = [], options: EmulatedAppOptions = {}): Promise<EmulatedApp> {
    const clusterFor: EmulatedAppOptions["clusterFor"] = ({ issuer }) => {
      cluster = createFakeCluster(issuer.issuer);
      return cluster;
    };
    const running = await startEmulatedApp([...HTTP, ...flags], {
      clusterFor,
      patience: { retryDelayMs: 5 },
      ...options,
    });
    app = running;
    return running;
  }
  /** A service that has signed in. */
  async function startReady(...how: Parameters<typeof start>): Promise<EmulatedApp> {
    const running = await start(...how);
    await scrapeWith(running, "keyless_csi_signed_in 1");
    return running;
  }
  async function scrape(of: EmulatedApp): Promise<string> {
    const { host = "", port = 0 } = of.app.health ?? {};
    return (await fetch(`http://${host}:${port}/metrics`)).text();
  }
  /** What the service finds out by itself arrives behind a first scrape. */
  async function scrapeWith(of: EmulatedApp, beginning: string): Promise<string> {
    for (;;) {
      const text = await scrape(of);
      if (text.includes(`\n${beginning}`)) return text;
    }
  }
  async function round(of: EmulatedApp, task = "drift-check"): Promise<"done" | "failed"> {
    const ended = of.untilTask(task);
    await of.time.advance(ROUND_MS);
    return ended;
  }
  const make = (of: EmulatedApp) => create(of, createRequest(of.emulator));
  const fail = (of: EmulatedApp) => assert.rejects(make(of));

  /** Nothing fires before, nor just before each has lasted for as long as it must; afterwards exactly these do. */
  async function fires(alerts: readonly string[], before: string, ...after: Phase[]): Promise<void> {
    for (const alert of alerts) tested.add(alert);
    const quiet = { text: before, minutes: 60 };
    await assertFiring([quiet], []);
    await assertFiring([quiet, ...after], alerts);
    const lasting = alerts.map((alert) => minutesOf(rules.find((rule) => rule.alert === alert)?.for));
    const [first] = after;
    if (Math.min(...lasting) > 2 && first !== undefined) {
      await assertFiring([quiet, { ...first, minutes: Math.min(...lasting) - 2 }], []);
    }
  }
  /** Something like it that is no reason for an alert. */
  const isNoReason = (before: string, after: Phase) => assertFiring([{ text: before, minutes: 60 }, after], []);

  it("pass promtool's check, and have what an alert needs", async () => {
    assert.match(await promtool("check", "rules", RULES), new RegExp(`SUCCESS: ${rules.length} rules found`));
    const page = readFileSync(join(repository, "docs/how-to/alerts.md"), "utf8");
    const sections = new Map(
      page
        .split(/^## /m)
        .slice(1)
        .map((section) => [section.split("\n")[0] ?? "", section]),
    );
    for (const { alert, labels, annotations } of rules) {
      assert.match(labels.severity, /^(warning|critical)$/, alert);
      assert(annotations.summary !== "" && annotations.description !== "", alert);
      assert.equal(annotations.runbook_url, `docs/how-to/alerts.md#${alert.toLowerCase()}`);
      const section = sections.get(alert) ?? assert.fail(`docs/how-to/alerts.md has no section ${alert}`);
      for (const part of ["Cause", "Check", "Fix"])
        assert.match(section, new RegExp(`^- \\*\\*${part}\\*\\*: \\S`, "m"), alert);
    }
    assert.deepEqual(
      [...sections.keys()],
      rules.map(({ alert }) => alert),
      "the page has the rules' order",
    );
    const atOnce = rules.filter((rule) => minutesOf(rule.for) < 10).map(({ alert }) => alert.replace("KeylessCSI", ""));
    assert.deepEqual(atOnce.sort(), AT_ONCE);
  });

  it("no replica is scraped", async () => {
    const before = await scrape(await startReady());
    await fires(["KeylessCSIControllerAbsent"], before, { text: "", minutes: 20 });
  });

  it("Azure does not answer", async () => {
    const running = await start();
    await make(running);
    const before = await scrape(running);
    running.emulator.faults.add({ match: { path: "/containers/" }, times: -1, action: { reset: "before" } });
    await fail(running);
    await fires(["KeylessCSINotReady"], before, { text: await scrape(running), minutes: 15 });
  });

  it("the sign-in fails", async () => {
    const healthy = await start();
    await make(healthy);
    const before = await scrape(healthy);
    await healthy.stop();
    const emulator = await startEmulator({});
    try {
      emulator.faults.add({
        match: { path: "/oauth2/v2.0/token" },
        times: -1,
        action: { status: 400, code: "invalid_client" },
      });
      const running = await start([], { emulator });
      await fail(running);
      await fires(["KeylessCSINotSignedIn"], before, { text: await scrape(running), minutes: 15 });
      await running.stop();
      app = undefined;
    } finally {
      await emulator.close();
    }
  });

  it("the process restarts again and again", async () => {
    const text = await scrape(await startReady());
    const [, began = ""] = /^process_start_time_seconds (.*)$/m.exec(text) ?? [];
    const restarted = (times: number) => text.replace(began, String(Number(began) + times * 60));
    const phases = [1, 2, 3, 4].map((times) => ({ text: restarted(times), minutes: 5 }));
    await fires(["KeylessCSIRestarts"], text, ...phases);
  });

  it("no replica can write the Lease", async () => {
    const before = await scrape(await startReady());
    await app?.stop();
    const refuse = async (): Promise<never> => {
      throw new DriverError("Forbidden", "writing leases is forbidden");
    };
    const running = await startReady([], { leases: { read: refuse, write: refuse } });
    await fires(["KeylessCSINoBackgroundLeader"], before, { text: await scrape(running), minutes: 20 });
  });

  it("of two replicas one does not lead, which is no reason", async () => {
    const leader = await startReady();
    await make(leader);
    assert.equal(await round(leader), "done");
    const leading = await scrape(leader);
    await leader.stop();
    const lease = createMemoryLease();
    lease.overwrite({ holder: "the leader", durationMs: 7_200_000, version: "1" });
    const other = await scrape(await startReady([], { leases: lease.connect() }));
    assert.match(other, /^keyless_csi_background_leader 0$/m);
    await assertFiring([{ text: leading, minutes: 60 }], [], other);
  });

  it("calls keep failing for a reason that does not end by itself", async () => {
    const running = await start();
    await make(running);
    running.emulator.faults.add({
      match: { method: "PUT", path: "/containers/" },
      times: -1,
      action: { status: 403, code: "AuthorizationFailed" },
    });
    await fail(running);
    const before = await scrape(running);
    await fail(running);
    await fires(["KeylessCSICallsFail"], before, { text: await scrape(running), minutes: 40, goesOn: true });
  });

  it("volumes take long", async () => {
    const running = await start();
    await make(running);
    const before = await scrape(running);
    const now = performance.now.bind(performance);
    let later = 0;
    performance.now = () => now() + later;
    try {
      const begun = running.untilStep("container");
      const made = make(running);
      await begun;
      later += 20_000; // what a new account takes
      await made;
      await isNoReason(before, { text: await scrape(running), minutes: 40, goesOn: true });
      const again = running.untilStep("container");
      const slow = make(running);
      await again;
      later += 55_000;
      await slow;
    } finally {
      performance.now = now;
    }
    await fires(["KeylessCSICreateVolumeSlow"], before, { text: await scrape(running), minutes: 40, goesOn: true });
  });

  it("sidecars get no answer", async () => {
    // As csi-lib-utils v0.24 names it (metrics/metrics.go): csi-provisioner counts what ended at its own deadline.
    const text = await scrape(await startReady());
    const labels =
      'driver_name="keyless.blob.csi",grpc_status_code="DeadlineExceeded",method_name="/csi.v1.Controller/CreateVolume"';
    const with_ = (count: number) => `${text}csi_sidecar_operations_seconds_count{${labels}} ${count}\n`;
    await fires(["KeylessCSISidecarErrors"], with_(1), { text: with_(3), minutes: 40, goesOn: true });
  });

  it("Azure throttles, and calls wait for its limits", async () => {
    const running = await start();
    await make(running);
    const before = await scrape(running);
    running.emulator.faults.add({
      match: { method: "PUT", path: "/containers/" },
      times: 2,
      action: { status: 429, code: "TooManyRequests", headers: { "retry-after": "1" } },
    });
    await Promise.all(Array.from({ length: 20 }, () => make(running)));
    const text = await scrape(running);
    await fires(["KeylessCSIThrottled"], before, { text, minutes: 40, goesOn: true });
    await isNoReason(before, { text, minutes: 40 }); // once
    // The same hour on a subscription of which sixty times as much is asked.
    const waited = text.replaceAll(
      /^(keyless_csi_azure_budget_wait_seconds_total\{.*\}) (.*)$/gm,
      (_, series, seconds) => `${series} ${Number(seconds) * 60}`,
    );
    const both = ["KeylessCSIThrottled", "KeylessCSIWaitsForAzure"];
    await fires(both, before, { text: waited, minutes: 40, goesOn: true });
  });

  it("few role assignments and storage accounts are left", async () => {
    const running = await start();
    await make(running);
    const before = await scrapeWith(running, "keyless_csi_role_assignments");
    await running.stop();
    const emulator = await startEmulator({ settings: { accountsPerRegion: 1 } });
    try {
      const again = await start([], { emulator });
      await make(again);
      const [assignment] = [...emulator.world.roleAssignments.values()].slice(-1);
      if (assignment === undefined) assert.fail("no role assignment");
      const fill = (from: number, to: number) => {
        for (let index = from; index < to; index += 1) {
          emulator.world.roleAssignments.set(`copy-${index}`, { ...assignment, name: `copy-${index}` });
        }
      };
      fill(0, 2_750);
      const many = await startReady([], { emulator });
      const storage = await scrapeWith(many, "keyless_csi_role_assignments");
      await many.stop();
      // 69 % of the role assignments; of the one account that this region may have, all.
      await assertFiring(
        [
          { text: before, minutes: 60 },
          { text: storage, minutes: 20 },
        ],
        ["KeylessCSIStorageAccountsNearLimit"],
      );
      fill(2_750, 2_801);
      const text = await scrapeWith(again, "keyless_csi_role_assignments");
      const expected = ["KeylessCSIRoleAssignmentsNearLimit", "KeylessCSIStorageAccountsNearLimit"];
      await fires(expected, before, { text, minutes: 20 });
      await again.stop();
      app = undefined;
    } finally {
      await emulator.close();
    }
  });

  it("accounts cannot be made ahead", async () => {
    const running = await startReady(["--prewarm", "--drift-check-interval", "off"], {
      settings: { accountsPerRegion: 2 },
    });
    const add = (name: string, poolSize: string) => {
      const { parameters = {} } = createRequest(running.emulator, { poolSize });
      cluster.classes.push({ name, provisioner: "keyless.blob.csi", parameters });
    };
    add("small", "1");
    await round(running, "prewarm");
    const before = await scrape(running);
    add("large", "4");
    await round(running, "prewarm");
    await fires(["KeylessCSIPoolNotFilled"], before, { text: await scrape(running), minutes: 35 });
  });

  it("an account is opened", async () => {
    const running = await start();
    await make(running);
    await round(running);
    const before = await scrape(running);
    const [account] = running.emulator.world.accounts.values();
    if (account === undefined) assert.fail("no account");
    account.properties["allowSharedKeyAccess"] = true;
    await round(running);
    const expected = ["KeylessCSIAccountDrift", "KeylessCSIAccountNotKeyless"];
    await fires(expected, before, { text: await scrape(running), minutes: 10 });
  });

  it("tags are taken away", async () => {
    const running = await start();
    await make(running);
    await round(running);
    const before = await scrape(running);
    for (const account of running.emulator.world.accounts.values()) account.tags = { owner: "finance" };
    await round(running);
    await fires(["KeylessCSITagsLost"], before, { text: await scrape(running), minutes: 10 });
  });

  it("accounts cannot be listed", async () => {
    const running = await start();
    await make(running);
    await round(running);
    const before = await scrape(running);
    running.emulator.faults.add({
      match: { operation: "storageAccounts/listByGroup" },
      times: -1,
      action: { status: 403, code: "AuthorizationFailed" },
    });
    assert.equal(await round(running), "failed");
    const failed = await scrape(running);
    assert.equal(await round(running), "failed");
    const expected = ["KeylessCSIAccountsNotChecked", "KeylessCSIBackgroundTaskFails"];
    const phases = [
      { text: failed, minutes: 20 },
      { text: await scrape(running), minutes: 20, goesOn: true },
    ];
    await fires(expected, before, ...phases);
  });

  it("a check that runs every two hours is no reason", async () => {
    const running = await start(["--drift-check-interval", "2h"]);
    await make(running);
    const ended = running.untilTask("drift-check");
    await running.time.advance(3 * 3_600_000);
    assert.equal(await ended, "done");
    await assertFiring([{ text: await scrape(running), minutes: 5 * 60 }], []);
  });

  it("what volumes in use need is deleted in Azure", async () => {
    const use = await startVolumesInUse();
    app = use.app;
    const [closed, lost] = [await use.bind("closed"), await use.bind("lost")];
    await use.round();
    const before = await scrape(use.app);
    use.loseAccess(closed);
    use.loseContainer(lost);
    await use.round();
    await use.round();
    const expected = ["KeylessCSIVolumesWithoutAccess", "KeylessCSIVolumesWithoutStorage"];
    await fires(expected, before, { text: await scrape(use.app), minutes: 20 });
  });

  it("a volume that nothing needs is left for days", async () => {
    const rounds = await startOrphanRounds();
    app = rounds.app;
    const [left] = await rounds.provisionInUse(2);
    await rounds.rounds(2);
    const before = await scrape(rounds.app);
    if (left !== undefined) rounds.abandon(left);
    await rounds.rounds(2);
    await fires(["KeylessCSIOrphans"], before, { text: await scrape(rounds.app), minutes: 3000 });
  });

  it("somebody is given access to a volume by hand", async () => {
    const use = await startVolumesInUse([], { tasks: ["access-review"] });
    app = use.app;
    await use.bind("open");
    const review = async () => {
      const ended = use.app.untilTask("access-review");
      await use.app.time.advance(72 * 60_000);
      assert.equal(await ended, "done");
      return await scrape(use.app);
    };
    const before = await review();
    const { roleAssignments } = use.app.emulator.world;
    const [own = assert.fail("none")] = [...roleAssignments.values()].filter(({ scope }) =>
      scope.includes("/containers/"),
    );
    const [name, principalId] = ["00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"];
    roleAssignments.set(name, { ...own, name, principalId });
    await fires(["KeylessCSIAccessUnexpected"], before, { text: await review(), minutes: 120 });
  });

  it("a deleted volume's account is not found", async () => {
    const running = await start();
    const { volume_id } = await make(running);
    const before = await scrape(running);
    running.emulator.world.accounts.delete(volume_id.split("#")[1] ?? "");
    await running.csi.controller("DeleteVolume", { volume_id });
    await fires(["KeylessCSINothingDeleted"], before, { text: await scrape(running), minutes: 10 });
  });

  it("and that is all of them", () => {
    assert.deepEqual([...tested].sort(), rules.map(({ alert }) => alert).sort());
  });
});
