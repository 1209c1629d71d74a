// csi-sanity, the specification's own conformance suite, against emulator and controller as two processes. Its clean-up
// calls a Node service, which the product does not have: a stub stands in for it, and Node suites are left out.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { connectCsi } from "../support/csi-client.ts";
import { type EmulatedDriver, startEmulatedDriver } from "../support/emulated-driver.ts";
import type { HeldState } from "../support/emulator-admin.ts";
import { type GinkgoTest, readGinkgoReport } from "../support/ginkgo-report.ts";
import { startNodeStub } from "../support/node-stub.ts";
import { logTail, startProgram } from "../support/processes.ts";
import { toolPath } from "../support/tools.ts";

/** The reason that csi-sanity gives for a skip -> the capability that is missing. */
const absentCapability = new Map([
  ["CreateVolume not supported", "CREATE_DELETE_VOLUME"],
  ["DeleteVolume not supported", "CREATE_DELETE_VOLUME"],
  ["ListVolumes not supported", "LIST_VOLUMES"],
  ["GetCapacity not supported", "GET_CAPACITY"],
  ["ControllerExpandVolume not supported", "EXPAND_VOLUME"],
  ["Modify volume not supported", "MODIFY_VOLUME"],
  ["Modify Volume not supported", "MODIFY_VOLUME"],
  ["ControllerModifyVolume not supported", "MODIFY_VOLUME"],
  ["Volume Cloning not supported", "CLONE_VOLUME"],
  ["Snapshot not supported", "CREATE_DELETE_SNAPSHOT"],
  ["CreateSnapshot not supported", "CREATE_DELETE_SNAPSHOT"],
  ["DeleteSnapshot not supported", "CREATE_DELETE_SNAPSHOT"],
  ["ListSnapshots not supported", "LIST_SNAPSHOTS"],
  ["GetSnapshot not supported", "GET_SNAPSHOT"],
  ["ControllerPublishVolume not supported", "PUBLISH_UNPUBLISH_VOLUME"],
  ["ControllerUnpublishVolume not supported", "PUBLISH_UNPUBLISH_VOLUME"],
  ["Controller Publish, UnpublishVolume not supported", "PUBLISH_UNPUBLISH_VOLUME"],
  ["testnodevolumeattachlimit not enabled", "PUBLISH_UNPUBLISH_VOLUME"],
  ["ControllerPublishVolume.readonly field not supported", "PUBLISH_READONLY"],
  ["ControllerGetVolumeHealth not supported", "GET_VOLUME_HEALTH"],
  ["ControllerListVolumeHealth not supported", "LIST_VOLUME_HEALTH"],
  ["GroupControllerService not supported", "GROUP_CONTROLLER_SERVICE"],
  ["VolumeGroupSnapshots not supported", "GROUP_CONTROLLER_SERVICE"],
  ["SNAPSHOT_ACCESSIBILITY_CONSTRAINTS not supported", "SNAPSHOT_ACCESSIBILITY_CONSTRAINTS"],
]);

/** Disabled in csi-sanity's own source (`PIt`) for every driver; test/csi has our own paging test. */
const switchedOffUpstream = /pagination should detect volumes added between pages/;

describe("csi-sanity v5.6.0", function () {
  this.timeout(300_000); // a guard against a hang only: the run takes seconds, the first build of the tool a minute
  let driver: EmulatedDriver;
  let capabilities: Set<string>;
  let heldBefore: HeldState;
  let tests: GinkgoTest[];

  before(async () => {
    const program = await toolPath("csi-sanity");
    driver = await startEmulatedDriver("sanity", ["--kubernetes", "off"]);
    capabilities = await announcedCapabilities(driver.endpoint);
    heldBefore = await driver.admin.state();
    tests = await runSanity(program, driver);
    for (const line of summary(tests)) console.log(`      ${line}`);
  });

  after(async () => {
    if (driver) await driver.stop();
  });

  it("fails no test", () => {
    const failed = tests.filter(({ state }) => !["passed", "skipped", "pending"].includes(state));
    assert.equal(failed.length, 0, failed.map(({ name, reason }) => `${name}: ${inBrief(reason)}`).join("\n"));
    assert.ok(tests.filter(({ state }) => state === "passed").length >= 18, "18 passed with a do-nothing driver");
  });

  it("skips nothing that the controller announces", () => {
    for (const { name, reason } of tests.filter(({ state, name }) => state === "skipped" && !isNodeSuite(name))) {
      const capability = absentCapability.get(reason);
      assert.ok(capability, `skipped for a reason that is no missing capability: "${reason}" (${name})`);
      assert.ok(!capabilities.has(capability), `${capability} is announced, and yet skipped: ${name}`);
    }
    for (const { name } of tests.filter(({ state }) => state === "pending")) assert.match(name, switchedOffUpstream);
  });

  it("never makes the controller request an account key", async () => {
    const { alarms, total } = await driver.admin.calls();
    assert.deepEqual(alarms, []);
    assert.ok(total > 50, `the emulator saw only ${total} calls`);
  });

  it("leaves nothing in Azure but the pool's account", async () => {
    const held = await driver.admin.state();
    assert.deepEqual(held.containers, heldBefore.containers);
    assert.deepEqual(held.roleAssignments, heldBefore.roleAssignments);
    assert.deepEqual(
      held.accounts.map(({ properties }) => properties["allowSharedKeyAccess"]),
      held.accounts.map(() => false),
    );
  });
});

async function announcedCapabilities(endpoint: string): Promise<Set<string>> {
  const client = connectCsi(endpoint);
  try {
    const controller = await client.controller("ControllerGetCapabilities", {});
    const plugin = await client.identity("GetPluginCapabilities", {});
    const ofController = controller.capabilities.map(({ rpc }) => String(rpc?.type));
    return new Set([...ofController, ...plugin.capabilities.map(({ service }) => String(service?.type))]);
  } finally {
    client.close();
  }
}

async function runSanity(program: string, { folder, ready, endpoint }: EmulatedDriver): Promise<GinkgoTest[]> {
  const identity = ready.identities[0];
  assert.ok(identity, "the emulator has no seeded identity");
  const parameters = join(folder, "parameters.yaml");
  await writeFile(parameters, `clientID: "${identity.clientId}"\n`);
  const nodeEndpoint = `unix://${join(folder, "node.sock")}`;
  const stub = await startNodeStub(nodeEndpoint, "keyless.blob.csi");
  try {
    const report = join(folder, "report.json");
    const flags = {
      "csi.controllerendpoint": endpoint,
      "csi.endpoint": nodeEndpoint,
      "csi.testvolumeparameters": parameters,
      "csi.mountdir": join(folder, "mount"),
      "csi.stagingdir": join(folder, "staging"),
      "ginkgo.skip": "Node Service",
      "ginkgo.json-report": report,
      "ginkgo.no-color": "true",
    };
    const args = Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
    const sanity = await startProgram(program, args, { name: "csi-sanity", logFolder: folder });
    const how = await sanity.ended;
    if (how !== 0) console.log(await logTail(sanity.logFile, 40));
    return await readGinkgoReport(report);
  } finally {
    stub.close();
  }
}

function isNodeSuite(name: string): boolean {
  return name.startsWith("Node Service");
}

/** Gomega's reasons end with a dump of the error's fields; the first lines say what happened. */
function inBrief(reason: string): string {
  return reason.split("\n    {\n")[0]?.replaceAll(/\s+/g, " ") ?? "";
}

/** Lines for people: counts, and each reason for a skip with its number of tests. */
function summary(tests: readonly GinkgoTest[]): string[] {
  const of = (state: string) => tests.filter((test) => test.state === state);
  const reasons = new Map<string, number>();
  for (const { name, reason } of of("skipped")) {
    const why = reason || (isNodeSuite(name) ? "Node Service: the product has none" : `left out: ${name}`);
    reasons.set(why, (reasons.get(why) ?? 0) + 1);
  }
  for (const { name } of of("pending")) reasons.set(`switched off in csi-sanity itself: ${name}`, 1);
  const failed = tests.length - of("passed").length - of("skipped").length - of("pending").length;
  const counts = `${of("passed").length} passed, ${failed} failed, ${of("skipped").length} skipped`;
  return [
    `csi-sanity: ${counts}, ${of("pending").length} switched off upstream`,
    ...[...reasons].map(([why, count]) => `  ${String(count).padStart(3)} x ${why}`),
  ];
}
