// `keyless-csi orphans` as a command: what it refuses to start with, how it paces itself, and what it prints.
import assert from "node:assert/strict";
import { runCommandLine } from "../../../src/command-line.ts";
import { CATALOGUE } from "../../../src/commands/catalogue.ts";
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
    const env = { KEYLESS_CSI_DELETE: "true", KEYLESS_CSI_YES: "true", KEYLESS_CSI_EVEN_ALL: "true" };
    const { code, stderr } = await runIn(env, ...WHERE);
    assert.equal(code, 2);
    assert.match(stderr, /^keyless-csi orphans: 3 invalid settings\n/);
    for (const name of Object.keys(env))
      assert.match(stderr, new RegExp(`${name}: is accepted on the command line only`));
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
    const unknown = toTextReport({ ...report, results: [], isClusterKnown: false });
    assert.match(unknown, /^No cluster was queried, so containers that are in use are listed too\./);
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
