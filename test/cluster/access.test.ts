// Who can open which volume, on a real control plane: the command, a second process beside the controller and with its rights, reads
// the API server and Azure, and shows a grant made by hand, one missing and one inherited, each as what it is.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { trustCloud } from "../../src/commands/trust-cloud.ts";
import { type AzureAdministrator, azureAdministrator } from "../support/azure-administrator.ts";
import { boundVolume, claim, type Volume } from "../support/cluster-objects.ts";
import { type Installation, startInstallation, trackFailures } from "../support/installation.ts";

const CLUSTER_ID = "access-test";
const READER = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1";
const [ALICE, BACKUP] = ["a11ce000-0000-4000-8000-000000000001", "bac00000-0000-4000-8000-000000000002"];
const program = join(import.meta.dirname, "..", "..", "bin", "keyless-csi.mjs");

describe("access on a real control plane", function () {
  this.timeout(900_000); // a guard against a hang only; the first run on a machine builds the tools (about 6 minutes)
  let installation: Installation;
  let azure: AzureAdministrator;
  const hasFailed = trackFailures();

  before(async () => {
    installation = await startInstallation({ clusterId: CLUSTER_ID });
    const { plane, driver, apply, applyClass } = installation;
    trustCloud(driver.ready);
    azure = azureAdministrator(driver.ready);
    await azure.trust(0, plane.server, "default", "app");
    await applyClass("keyless", { parameters: { clientID: driver.ready.identities[0]?.clientId ?? "" } });
    await apply(claim("data", "keyless"), claim("logs", "keyless"));
    await boundVolume(plane, "data");
    await boundVolume(plane, "logs");
  });
  after(() => installation?.stop({ keepLogs: hasFailed() }));

  /** The cluster as kubectl finds it. */
  function access(...flags: string[]): Promise<{ readonly code: number; readonly stdout: string }> {
    const { driver, kubeconfig } = installation;
    const argv = [program, "access", "--cloud-file", driver.readyFile, "--cluster-id", CLUSTER_ID, ...flags];
    return new Promise((resolve, reject) => {
      execFile(process.execPath, argv, { env: { ...process.env, KUBECONFIG: kubeconfig } }, (error, stdout, stderr) => {
        if (stdout === "") reject(new Error(stderr));
        else resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout });
      });
    });
  }
  const lines = (csv: string) =>
    csv
      .trimEnd()
      .split("\r\n")
      .slice(1)
      .map((line) => line.split(",").slice(0, 2).join(" "))
      .sort();
  const scopeOf = async ({ spec }: Volume) => {
    const [, , container = "-"] = spec.csi.volumeHandle.split("#");
    const { roleAssignments } = await installation.driver.admin.state();
    return roleAssignments.find(({ scope }) => scope.endsWith(`/${container}`)) ?? assert.fail("no role assignment");
  };

  it("is as the claims say while nobody has changed anything", async () => {
    const { code, stdout } = await access("--output", "csv");
    assert.deepEqual([code, lines(stdout)], [0, ["expected default/data", "expected default/logs"]]);
    assert.match(stdout, /,default\/app,/, "the ServiceAccount whose token the identity accepts");
  });

  it("shows what an administrator has added, taken away, and assigned above", async () => {
    const { plane, driver } = installation;
    const { subscriptionId, resourceGroup } = driver.ready;
    const [data, logs] = [
      await scopeOf(await boundVolume(plane, "data")),
      await scopeOf(await boundVolume(plane, "logs")),
    ];
    await azure.assignRole(data.scope, READER, ALICE);
    await azure.assignRole(`/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}`, READER, BACKUP);
    await azure.removeRoleAssignment(logs.scope, logs.name);
    const { code, stdout } = await access("--output", "csv");
    assert.equal(code, 3);
    assert.deepEqual(lines(stdout), [
      "expected default/data",
      "inherited default/data",
      "inherited default/logs",
      "missing default/logs",
      "unexpected default/data",
    ]);
    const table = (await access()).stdout;
    assert.match(table, new RegExp(`unexpected {2}${ALICE} +container`));
    const accepted = await access("--output", "csv", "--accept", BACKUP, "--only-differences");
    assert.deepEqual(lines(accepted.stdout), ["missing default/logs", "unexpected default/data"]);
  });
});
