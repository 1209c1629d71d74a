// `keyless-csi orphans` as a command: what it refuses to start with, how it paces itself, and what it prints.
import assert from "node:assert/strict";
import { runCommandLine } from "../../../src/command-line.ts";
import { CATALOGUE } from "../../../src/commands/catalogue.ts";
import { assertWithinLimits } from "../../../src/commands/orphans/limits.ts";
import { formatDuration, formatSize } from "../../../src/commands/orphans/quantities.ts";
import { type Report, toJsonReport, toTextReport } from "../../../src/commands/orphans/report.ts";
import { createPace } from "../../../src/concurrency/pace.ts";
import type { Orphan } from "../../../src/volume/orphans/orphan.ts";
import { createSink } from "../../support/sink.ts";
import { SUBSCRIPTION } from "../../support/volume-settings.ts";

const WHERE = [
  "--cluster-id=c",
  `--subscription-id=${SUBSCRIPTION}`,
  "--resource-group=g",
  "--location=westeurope",
  `--tenant-id=${SUBSCRIPTION}`,
];

function run(...argv: string[]) {
  return runIn({}, ...argv);
}

async function runIn(env: NodeJS.ProcessEnv, ...argv: string[]) {
  const [stdout, stderr] = [createSink(), createSink()];
  const code = await runCommandLine({
    argv: ["orphans", ...argv],
    env,
    catalogue: CATALOGUE,
    version: "0",
    stdout: stdout.stream,
    stderr: stderr.stream,
    signal: new AbortController().signal,
  });
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

describe("keyless-csi orphans", () => {
  it("does not delete without --yes, without Kubernetes, or on an emulator that it starts itself", async () => {
    const { code, stderr } = await run(...WHERE, "--delete", "--kubernetes", "off", "--emulator");
    assert.equal(code, 2);
    assert.match(stderr, /--delete: deletes data permanently; review the list first, then add --yes/);
    assert.match(stderr, /--kubernetes: cannot be off with --delete/);
    assert.match(stderr, /--emulator: would start an empty one/);
    const { code: failed, stderr: why } = await run(...WHERE, "--delete", "--yes");
    assert.equal(failed, 1);
    assert.match(why, /^keyless-csi: without Kubernetes nothing is deleted/);
  });

  it("takes no confirmation from the environment or a file, where it would arm every later run", async () => {
    const switches = ["DELETE", "YES", "EVEN_ALL", "UNMARKED", "MORE_THAN_USUAL"];
    const env = Object.fromEntries([
      ...switches.map((name) => [`KEYLESS_CSI_${name}`, "true"]),
      ["KEYLESS_CSI_GONE_CLUSTER", "old"],
    ]);
    const { code, stderr } = await runIn(env, ...WHERE);
    assert.equal(code, 2);
    assert.match(stderr, /^keyless-csi orphans: 6 invalid settings\n/);
    for (const name of Object.keys(env))
      assert.match(stderr, new RegExp(`${name}: is accepted on the command line only`));
  });

  it("believes that a cluster is gone only of one that it has taken over, by the same id and mark", async () => {
    const uid = "aaaaaaaa-0000-4000-8000-00000000000a";
    const { code, stderr } = await run(...WHERE, `--also-owns=old/${uid}`, "--gone-cluster=old");
    assert.equal(code, 2);
    assert.match(stderr, /--gone-cluster: old is not one of --also-owns/);
  });

  it("lets an administrator sign in as themselves with the controller's own file", async () => {
    const ofController = {
      KEYLESS_CSI_CLIENT_ID: SUBSCRIPTION,
      KEYLESS_CSI_TOKEN_FILE: "/var/run/secrets/azure/token",
    };
    const { code, stderr } = await runIn(ofController, ...WHERE, "--credential=azure-cli", "--delete");
    assert.equal(code, 2);
    assert.match(stderr, /^keyless-csi orphans: 1 invalid setting\n.*--delete/s);
    const { stderr: unused } = await runIn(ofController, ...WHERE, "--credential=managed-identity", "--delete");
    assert.match(unused, /token-file.*has no effect/);
  });

  it("takes the kubeconfig of kubectl, if it is one file", async () => {
    const { code, stderr } = await runIn({ KUBECONFIG: "/a/one:/a/two" }, ...WHERE);
    assert.equal(code, 2);
    assert.match(stderr, /"\/a\/one:\/a\/two" \(from \$KUBECONFIG.* is not one file; name the one of this cluster/);
    const { code: failed, stderr: why } = await runIn({ KUBECONFIG: "/nowhere/config" }, ...WHERE);
    assert.notEqual(failed, 0);
    assert.match(why, /\/nowhere\/config/);
  });

  it("takes the controller's own configuration, and says so in its help", async () => {
    const { code, stdout } = await run("--help");
    assert.equal(code, 0);
    for (const flag of [
      "--older-than",
      "--[no-]delete",
      "--[no-]yes",
      "--output",
      "--cloud-file",
      "--kubeconfig",
      "--also-owns",
    ]) {
      assert(stdout.includes(flag), flag);
    }
  });

  it("lists no more often than Azure allows", async () => {
    let now = 0;
    const waits: number[] = [];
    const sleep = async (milliseconds: number) => {
      waits.push(milliseconds);
      now += milliseconds;
    };
    const pace = createPace({ count: 3, withinMs: 100, now: () => now, sleep });
    const begun: number[] = [];
    for (let call = 0; call < 8; call += 1) {
      await pace();
      begun.push(now);
      now += 10;
    }
    assert.deepEqual(begun, [0, 10, 20, 100, 110, 120, 200, 210]);
    assert.deepEqual(waits, [70, 70]);
  });

  const container = { account: { subscriptionId: "s", resourceGroup: "g", name: "kla" }, name: "pvc-1" };
  const orphanOf = (isRetained: boolean): Orphan => ({
    kind: "file system",
    id: "/subscriptions/s/x/pvc-1",
    because: "nothing needs it",
    fileSystem: container,
    isRetained,
  });
  const report: Report = {
    results: [
      { orphan: orphanOf(false), outcome: "failed", why: "it is locked" },
      { orphan: orphanOf(false), outcome: "removed" },
      { orphan: orphanOf(true), outcome: "found" },
    ],
    needed: 4,
    calls: 9,
    isClusterKnown: true,
    nowMs: 10 * 86_400_000,
    marking: { clusterId: "c", accounts: [] },
  };

  it("prints for people what was found, why, and the outcome", () => {
    assert.equal(
      toTextReport(report),
      [
        "orphan    container  /subscriptions/s/x/pvc-1",
        "          NOT DELETED: nothing needs it",
        "          it is locked",
        "orphan    container  /subscriptions/s/x/pvc-1",
        "          deleted: nothing needs it",
        "retained  container  /subscriptions/s/x/pvc-1",
        "          nothing needs it",
        "2 orphans, 1 deleted, 1 not deleted, 1 retained. Containers in use: 4. Azure calls: 9.",
        "",
      ].join("\n"),
    );
  });

  it("calls nothing an orphan that no cluster was asked about", () => {
    const [first] = report.results;
    assert.ok(first);
    assert.equal(
      toTextReport({ ...report, results: [{ orphan: first.orphan, outcome: "found" }], isClusterKnown: false }),
      [
        "unchecked container  /subscriptions/s/x/pvc-1",
        "          nothing needs it",
        "No cluster was queried, so what is in use is listed too: nothing here is known to be an orphan. Give --kubeconfig FILE.",
        "1 unchecked. Containers in use: not known. Azure calls: 9.",
        "",
      ].join("\n"),
    );
  });

  it("prints what lets people recognise a container, why it is kept, and what marks its account", () => {
    const details = { claim: { namespace: "team", name: "data" }, sizeBytes: 5 * 2 ** 30, changedAtMs: 7 * 86_400_000 };
    const orphan = { ...orphanOf(false), ...details, keptBecause: "it carries no mark" };
    const marking = { clusterId: "c", accounts: [{ name: "kla", command: "az tag update …" }] };
    assert.equal(
      toTextReport({ ...report, results: [{ orphan, outcome: "found" }], marking }),
      [
        "kept      container  /subscriptions/s/x/pvc-1",
        "          nothing needs it",
        "          kept: it carries no mark",
        "          claim team/data, 5 GiB, changed 3 days ago",
        "What is kept is only listed: docs/how-to/orphans.md says what has to be known about it first.",
        "Accounts without a cluster's mark: 1. If no other cluster has the cluster id c (docs/how-to/platform-teams.md, Marks), mark them:",
        "  az tag update …",
        "1 orphan, 1 only listed. Containers in use: 4. Azure calls: 9.",
        "",
      ].join("\n"),
    );
  });

  it("deletes at most ten objects and a fifth of the containers without a further word", () => {
    const orphans = (count: number) => Array.from({ length: count }, () => orphanOf(false));
    const refused = (count: number, needed: number, stated = {}) => {
      try {
        assertWithinLimits(orphans(count), { needed, clusterId: "c", noun: "container" }, stated);
        return undefined;
      } catch (error) {
        return (error as Error).message;
      }
    };
    assert.equal(refused(10, 40), undefined);
    assert.match(refused(11, 1000) ?? "", /^11 objects would be deleted, more than 10: nothing was deleted/);
    assert.match(refused(10, 39) ?? "", /^10 of 49 containers would be deleted, more than 20 %/);
    assert.equal(refused(11, 1, { moreThanUsual: true }), undefined);
    assert.match(refused(1, 0, { moreThanUsual: true }) ?? "", /needs none of the containers/);
    assert.equal(refused(11, 0, { evenAll: true }), undefined);
    const kept = orphans(30).map((orphan) => ({ ...orphan, keptBecause: "x" }));
    assert.doesNotThrow(() => assertWithinLimits(kept, { needed: 1, clusterId: "c", noun: "container" }, {}));
  });

  it("prints sizes and ages in the largest unit that fits", () => {
    assert.deepEqual([0, 1023, 1536, 2 ** 30, 5 * 2 ** 50].map(formatSize), [
      "0 bytes",
      "1023 bytes",
      "1.5 KiB",
      "1 GiB",
      "5 PiB",
    ]);
    assert.deepEqual([0, 119, 120, 7_200, 172_800].map(formatDuration), [
      "0 seconds",
      "119 seconds",
      "2 minutes",
      "2 hours",
      "2 days",
    ]);
  });

  it("prints the same as JSON for programs", () => {
    const parsed = JSON.parse(toJsonReport(report)) as { findings: object[]; containersInUse: number };
    assert.equal(parsed.containersInUse, 4);
    assert.deepEqual(parsed.findings[0], {
      kind: "container",
      id: "/subscriptions/s/x/pvc-1",
      because: "nothing needs it",
      retained: false,
      outcome: "failed",
      why: "it is locked",
    });
  });
});
