// Volumes that are written by hand on a real control plane, exactly as `keyless-csi static` prints them: who may create them, that
// they bind, that a ServiceAccount's own token opens them, and that nothing deletes what they name.
import assert from "node:assert/strict";
import { read, write } from "../../src/commands/demo/workload.ts";
import { trustCloud } from "../../src/commands/trust-cloud.ts";
import { azureAdministrator } from "../support/azure-administrator.ts";
import { boundVolume, claim, eventOf, namespace, serviceAccount, type Volume } from "../support/cluster-objects.ts";
import type { ControlPlane } from "../support/control-plane.ts";
import type { EmulatedDriver } from "../support/emulated-driver.ts";
import { type Installation, startInstallation, trackFailures } from "../support/installation.ts";
import { openVolume } from "../support/open-volume.ts";
import { eventually } from "../support/processes.ts";
import { staticOf } from "../support/static-command.ts";
import { SOMEBODY, storageTeam } from "../support/storage-team.ts";

const CLUSTER_ID = "static-test";
const ACCOUNT = "contosodata";
const ADMINISTRATOR = ["--as=alice", "--as-group=storage-team", "--as-group=keyless-csi:administrators"];

describe("static volumes on a real control plane", function () {
  this.timeout(900_000); // a guard against a hang only; the first run on a machine builds the tools (about 6 minutes)
  let installation: Installation;
  let plane: ControlPlane;
  let driver: EmulatedDriver;
  const hasFailed = trackFailures();

  before(async () => {
    installation = await startInstallation({ clusterId: CLUSTER_ID });
    ({ plane, driver } = installation);
    trustCloud(driver.ready);
    await installation.applyClass("keyless", { parameters: { identity: "serviceAccount" } });
    await installation.apply(storageTeam("persistentvolumes"));
    const azure = azureAdministrator(driver.ready);
    await azure.createAccount(ACCOUNT, CLUSTER_ID);
    await azure.replaceTags(ACCOUNT, {}); // nobody has given it to the controller
    await azure.createContainer(ACCOUNT, "reports");
    for (const [index, name] of ["team-a", "team-b"].entries()) {
      await azure.trust(index, plane.server, name, "app");
      const { clientId = "" } = driver.ready.identities[index] ?? {};
      await installation.apply(namespace(name), serviceAccount("app", name, clientId));
    }
  });
  after(() => installation?.stop({ keepLogs: hasFailed() }));

  const run = (...flags: string[]) => staticOf(installation, CLUSTER_ID, flags);
  const opened = (of: Volume, team: string) =>
    openVolume(of, { plane, ready: driver.ready, namespace: team, serviceAccount: "app" });
  const assignedAt = async (container: string) =>
    (await driver.admin.state()).roleAssignments
      .filter(({ scope }) => scope.endsWith(`/containers/${container}`))
      .map(({ principalId }) => principalId)
      .sort();
  const principals = () => driver.ready.identities.slice(0, 2).map(({ principalId }) => principalId);
  const exists = async (container: string) =>
    (await driver.admin.state()).containers.some(({ name }) => name === container);
  const removeClaim = (name: string, team: string) => plane.kubectl(["delete", "pvc", name, "--namespace", team]);

  describe("for a container that exists", () => {
    const target = ["--storage-account", ACCOUNT, "--container", "reports", "--service-account", "team-a/app"];
    let printed: string;
    let volume: Volume;

    it("say what is missing, with the controller's own rights", async () => {
      const { code, stdout, stderr } = await run(...target);
      assert.equal(code, 3, stderr);
      assert.match(stderr, /^missing {2}the identity has no access to the container yet/m);
      assert.match(stdout, /^kind: PersistentVolume$/m);
      assert.deepEqual(await assignedAt("reports"), []);
    });

    it("are created by administrators, and by nobody else who may write PersistentVolumes", async () => {
      const { code, stdout, stderr } = await run(...target, "--assign", "--yes");
      assert.equal(code, 0, stderr);
      assert.deepEqual(await assignedAt("reports"), principals().slice(0, 1));
      printed = stdout;
      const [persistentVolume = "", ofClaim = ""] = printed.split("---\n");
      const create = (...how: string[]) => plane.kubectl([...how, "create", "-f", "-"], persistentVolume);
      const refusal = /are made by its provisioner: make a claim, or ask an administrator/;
      // The API server reads a new policy within seconds.
      const check = () => assert.rejects(create(...SOMEBODY, "--dry-run=server"), refusal);
      await eventually(installation.provisioner, check);
      await assert.rejects(create(...SOMEBODY), refusal);
      await create(...ADMINISTRATOR);
      await installation.apply(ofClaim);
    });

    it("bind to the claim of their name, and a pod's token writes a file there", async () => {
      volume = await boundVolume(plane, "reports", "team-a");
      assert.equal(volume.metadata.name, "team-a-reports");
      assert.equal((await write(opened(volume, "team-a"), "hello.txt", "no key was needed")).status, 201);
      assert.equal((await read(opened(volume, "team-a"), "hello.txt")).text, "no key was needed");
      await assert.rejects(read(opened(volume, "team-b"), "hello.txt"), /AADSTS700213/);
    });

    it("outlive their claim, and csi-provisioner deletes nothing even with the policy Delete", async () => {
      const deleting = JSON.stringify({ spec: { persistentVolumeReclaimPolicy: "Delete" } });
      await plane.kubectl([...ADMINISTRATOR, "patch", "pv", "team-a-reports", "--type=merge", "-p", deleting]);
      await removeClaim("reports", "team-a");
      // csi-provisioner asks DeleteVolume for it, and removes the PersistentVolume once that has succeeded.
      await plane.kubectl(["wait", "--for=delete", "pv/team-a-reports", "--timeout=60s"]);
      assert(await exists("reports"));
      assert.deepEqual(await assignedAt("reports"), principals().slice(0, 1));
    });
  });

  describe("for a second ServiceAccount", () => {
    let first: Volume;
    let second: Volume;

    before(async () => {
      const annotations = { "keyless-csi/service-account": "app" };
      await installation.apply(claim("data", "keyless", { namespace: "team-a", annotations }));
      first = await boundVolume(plane, "data", "team-a");
      assert.equal((await write(opened(first, "team-a"), "hello.txt", "from team-a")).status, 201);
    });

    it("open the data of a volume to another identity", async () => {
      const target = ["--volume", first.metadata.name, "--service-account", "team-b/app"];
      const { code, stdout, stderr } = await run(...target, "--assign", "--yes");
      assert.equal(code, 0, stderr);
      await installation.apply(stdout);
      second = await boundVolume(plane, "data-app", "team-b");
      assert.notEqual(second.spec.csi.volumeHandle, first.spec.csi.volumeHandle);
      assert.deepEqual(second.spec.capacity, first.spec.capacity);
      assert.equal((await read(opened(second, "team-b"), "hello.txt")).text, "from team-a");
      assert.deepEqual(await assignedAt(first.metadata.name), [...principals()].sort());
    });

    it("keep the data while they are there, and lose their access with it", async () => {
      await removeClaim("data", "team-a");
      const message = await eventually(installation.provisioner, () =>
        eventOf(plane, first.metadata.name, "VolumeFailedDelete"),
      );
      assert.match(
        message,
        new RegExp(`PersistentVolume ${second.metadata.name} \\(Bound, claim team-b/data-app\\) exists`),
      );
      assert.equal((await read(opened(second, "team-b"), "hello.txt")).text, "from team-a");
      await removeClaim("data-app", "team-b");
      await plane.kubectl(["wait", "--for=delete", `pv/${first.metadata.name}`, "--timeout=90s"]);
      assert.equal(await exists(first.metadata.name), false);
      assert.deepEqual(await assignedAt(first.metadata.name), []);
    });
  });
});
