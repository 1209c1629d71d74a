// The background tasks on a real control plane, with the rights of deploy/manifests: of several controllers exactly one holds
// the Lease, another takes over after a crash and after a drain, and `kubectl describe` shows an account that was opened.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { trustCloud } from "../../src/commands/trust-cloud.ts";
import { azureAdministrator } from "../support/azure-administrator.ts";
import { boundVolume, claim, eventOf } from "../support/cluster-objects.ts";
import { type Installation, printLogs, startInstallation, trackFailures } from "../support/installation.ts";
import { eventually, type Program, startKeylessCsi, stopPrograms } from "../support/processes.ts";

const CLUSTER_ID = "background-test";
const RUNS = '"this replica runs the background tasks"';

describe("background tasks on a real control plane", function () {
  this.timeout(900_000); // a guard against a hang only; the first run on a machine builds the tools (about 6 minutes)
  let installation: Installation;
  const others: Program[] = [];
  const hasFailed = trackFailures();

  before(async () => {
    installation = await startInstallation({
      clusterId: CLUSTER_ID,
      controllerFlags: ["--drift-check-interval", "1m"],
    });
    trustCloud(installation.driver.ready); // the administrator signs in from this process
    const clientID = installation.driver.ready.identities[0]?.clientId ?? "";
    await installation.applyClass("own", { parameters: { clientID, isolation: "volume" } });
    await installation.apply(claim("opened", "own"), claim("closed", "own"));
    await boundVolume(installation.plane, "closed");
  });
  after(async () => {
    if (hasFailed()) await printLogs(others);
    await stopPrograms(others);
    await installation?.stop({ keepLogs: hasFailed() });
  });

  /** A further replica, as the Deployment has two. */
  async function startReplica(name: string): Promise<Program> {
    const { driver, kubeconfig } = installation;
    const endpoint = `unix://${join(driver.folder, `${name}.sock`)}`;
    const where = ["--cloud-file", driver.readyFile, "--cluster-id", CLUSTER_ID, "--endpoint", endpoint];
    const flags = ["--kubernetes", "on", "--kubeconfig", kubeconfig, "--drift-check-interval", "1m"];
    const replica = await startKeylessCsi(["controller", ...where, ...flags], { name, logFolder: driver.folder });
    others.push(replica);
    await eventually(replica, async () => assert.match(await readFile(replica.logFile, "utf8"), /"serving"/));
    return replica;
  }
  async function lease(): Promise<{ holderIdentity?: string; leaseTransitions: number }> {
    const ask = ["get", "lease", "keyless.blob.csi-background", "--namespace", "kube-system", "-o", "json"];
    const { spec } = JSON.parse(await installation.plane.kubectl(ask)) as { spec: Awaited<ReturnType<typeof lease>> };
    return spec;
  }
  const runsTasks = async (replica: Program) => (await readFile(replica.logFile, "utf8")).includes(RUNS);
  const untilItRuns = (replica: Program, seconds: number) =>
    eventually(replica, async () => assert.ok(await runsTasks(replica)), seconds);

  it("run in one of two replicas, which holds the Lease", async () => {
    const { controller } = installation.driver;
    await untilItRuns(controller, 30);
    const { holderIdentity } = await lease();
    assert.ok(holderIdentity);
    const second = await startReplica("second");
    assert.equal((await lease()).holderIdentity, holderIdentity);
    assert.equal(await runsTasks(second), false);
  });

  it("are taken over after a crash, and tell the claims of an account that was opened meanwhile, nobody else", async () => {
    const { plane, driver } = installation;
    const [second = assert.fail("no second replica")] = others;
    const before = await lease();
    const { spec } = await boundVolume(plane, "opened");
    const account = spec.csi.volumeAttributes["storageaccount"] ?? "";
    await driver.controller.kill();
    await azureAdministrator(driver.ready).allowSharedKeys(account, true);
    const begun = Date.now();
    await untilItRuns(second, 90);
    console.log(`      taken over ${((Date.now() - begun) / 1000).toFixed(1)} s after the crash`);
    const after = await lease();
    assert.notEqual(after.holderIdentity, before.holderIdentity);
    assert.equal(after.leaseTransitions, before.leaseTransitions + 1);
    const message = await eventually(second, () => eventOf(plane, "opened", "AccountNotKeyless"), 30);
    console.log(`      event: ${message}`);
    const shown = await plane.kubectl(["describe", "pvc", "opened"]);
    assert.match(
      shown,
      new RegExp(`Warning +AccountNotKeyless +\\S+ +keyless-csi +storage account ${account} in resource`),
    );
    await assert.rejects(eventOf(plane, "closed", "AccountNotKeyless"), /no event/);
  });

  it("are taken over within seconds after a drain, which gives up the Lease and is not held up by it", async () => {
    const [second = assert.fail("no second replica")] = others;
    const third = await startReplica("third");
    const begun = Date.now();
    assert.equal(await second.stop(), 0);
    const seconds = (Date.now() - begun) / 1000;
    assert.ok(seconds < 5, `${seconds} s until it had ended`);
    await untilItRuns(third, 20);
    console.log(`      taken over ${((Date.now() - begun) / 1000).toFixed(1)} s after SIGTERM`);
    assert.equal(await third.stop(), 0);
    assert.equal((await lease()).holderIdentity, undefined);
  });
});
