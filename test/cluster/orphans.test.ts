// Orphans on a real control plane: the command asks the API server with the controller's own rights, as a second process
// beside it, for volumes that csi-provisioner has made and somebody has torn out.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { boundVolume, claim, type Volume } from "../support/cluster-objects.ts";
import { type ControlPlane, startControlPlane } from "../support/control-plane.ts";
import { argumentsOf, manifestOf, readManifests, withFlags } from "../support/deployment.ts";
import { type EmulatedDriver, startEmulatedDriver } from "../support/emulated-driver.ts";
import { logTail, type Program } from "../support/processes.ts";
import { toolPath } from "../support/tools.ts";

const program = join(import.meta.dirname, "..", "..", "bin", "keyless-csi.mjs");
const CLUSTER_ID = "orphans-test";

interface Answer {
  readonly code: number;
  readonly findings: readonly { readonly kind: string; readonly id: string; readonly outcome: string }[];
  readonly containersInUse: number;
}

describe("orphans on a real control plane", function () {
  this.timeout(900_000); // a guard against a hang only; the first run on a machine builds the tools (about 6 minutes)
  let plane: ControlPlane;
  let driver: EmulatedDriver;
  let provisioner: Program;
  let kubeconfig: string;
  let live: Volume;
  let torn: Volume;
  let hasFailed = true;

  before(async () => {
    for (const tool of ["etcd", "csi-provisioner"] as const) await toolPath(tool);
    plane = await startControlPlane();
    const manifests = await readManifests();
    const objects = manifests.filter(({ kind }) => kind !== "StorageClass");
    await plane.kubectl(["apply", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }));
    kubeconfig = await plane.kubeconfigOf("kube-system", "keyless-csi-controller");
    driver = await startEmulatedDriver(CLUSTER_ID, ["--kubernetes", "on", "--kubeconfig", kubeconfig]);
    const shipped = manifestOf(manifests, "StorageClass");
    const parameters = { clientID: driver.ready.identities[0]?.clientId ?? "", isolation: "volume" };
    const asked = { metadata: { name: "own" }, parameters, volumeBindingMode: "Immediate" };
    await plane.kubectl(["apply", "-f", "-"], JSON.stringify({ ...shipped, ...asked }));
    const flags = argumentsOf(manifestOf(manifests, "Deployment"), "csi-provisioner");
    provisioner = await plane.start(
      "csi-provisioner",
      withFlags(flags, { "csi-address": driver.socketPath, kubeconfig }),
    );
    await plane.kubectl(["apply", "-f", "-"], [claim("live", "own"), claim("torn", "own")].join("\n---\n"));
    [live, torn] = [await boundVolume(plane, "live"), await boundVolume(plane, "torn")];
  });

  afterEach(function () {
    hasFailed = this.currentTest?.state === "failed";
  });

  after(async () => {
    if (hasFailed && provisioner) console.log(await logTail(provisioner.logFile, 20));
    await plane?.stop({ keepLogs: hasFailed });
    await driver?.stop({ keepLogs: hasFailed });
  });

  function orphans(...flags: string[]): Promise<Answer> {
    const where = ["--cloud-file", driver.readyFile, "--cluster-id", CLUSTER_ID, "--kubeconfig", kubeconfig];
    const argv = [program, "orphans", ...where, "--older-than", "0s", "--output", "json", ...flags];
    return new Promise((resolve, reject) => {
      execFile(process.execPath, argv, (error, stdout, stderr) => {
        if (stdout === "") reject(new Error(stderr));
        else resolve({ ...(JSON.parse(stdout) as Answer), code: typeof error?.code === "number" ? error.code : 0 });
      });
    });
  }
  const containerOf = ({ spec }: Volume) => spec.csi.volumeHandle.split("#")[2] ?? "";

  it("there are none while the volumes are there", async () => {
    const { code, findings, containersInUse } = await orphans();
    assert.deepEqual({ code, findings, containersInUse }, { code: 0, findings: [], containersInUse: 2 });
  });

  it("a volume whose claim and PersistentVolume were torn out is found, and only it", async () => {
    await provisioner.stop(); // nobody asks the driver to delete it
    const unprotected = JSON.stringify({ metadata: { finalizers: null } });
    for (const object of ["pvc/torn", `pv/${torn.metadata.name}`]) {
      await plane.kubectl(["delete", object, "--wait=false"]);
      await plane.kubectl(["patch", object, "--type=merge", "-p", unprotected]).catch(() => "gone already");
      await plane.kubectl(["wait", "--for=delete", object, "--timeout=60s"]);
    }
    const { code, findings, containersInUse } = await orphans();
    assert.deepEqual(
      findings.map(({ kind, id }) => [kind, id.split("/").at(-1)]),
      [["container", containerOf(torn)]],
    );
    assert.deepEqual({ code, containersInUse }, { code: 3, containersInUse: 1 });
  });

  it("it is deleted with its account and its grant, and the live one stays", async () => {
    const { code, findings } = await orphans("--delete", "--yes");
    assert.equal(code, 0);
    assert.deepEqual(
      findings.map(({ outcome }) => outcome),
      ["removed"],
    );
    const { accounts, containers, roleAssignments } = await driver.admin.state();
    assert.equal(accounts.length, 1);
    assert.deepEqual(
      containers.map(({ name }) => name),
      [containerOf(live)],
    );
    const grants = roleAssignments.filter(({ scope }) => scope.includes("/storageAccounts/"));
    assert.deepEqual(
      grants.map(({ scope }) => scope.split("/").at(-1)),
      [containerOf(live)],
    );
    assert.deepEqual((await orphans()).findings, []);
  });
});
