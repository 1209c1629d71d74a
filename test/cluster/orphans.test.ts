// Orphans on a real control plane: the command, a second process beside the controller, reads the API server with the
// controller's own rights and looks for volumes that csi-provisioner made and somebody removed by force.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { boundVolume, claim, type Volume } from "../support/cluster-objects.ts";
import { type Manifest, manifestOf } from "../support/deployment.ts";
import { type Installation, startInstallation, trackFailures } from "../support/installation.ts";
import { orphansOf } from "../support/orphans-command.ts";
import { repository } from "../support/sources.ts";

const CLUSTER_ID = "orphans-test";

interface PodSpec {
  readonly serviceAccountName: string;
  readonly containers: readonly {
    readonly image: string;
    readonly args: readonly string[];
    readonly env: readonly { readonly name: string; readonly value: string }[];
    readonly volumeMounts: readonly { readonly name: string }[];
  }[];
  readonly volumes: readonly { readonly name: string }[];
}

describe("orphans on a real control plane", function () {
  this.timeout(900_000); // a guard against a hang only; the first run on a machine builds the tools (about 6 minutes)
  let installation: Installation;
  let live: Volume;
  let removed: Volume;
  const hasFailed = trackFailures();

  before(async () => {
    installation = await startInstallation({ clusterId: CLUSTER_ID });
    const { plane, driver, apply, applyClass } = installation;
    const clientID = driver.ready.identities[0]?.clientId ?? "";
    await applyClass("own", { parameters: { clientID, isolation: "volume" } });
    await apply(claim("live", "own"), claim("removed", "own"));
    [live, removed] = [await boundVolume(plane, "live"), await boundVolume(plane, "removed")];
  });
  after(() => installation?.stop({ keepLogs: hasFailed() }));

  const orphans = (...flags: string[]) => orphansOf(installation, CLUSTER_ID, flags);
  const containerOf = ({ spec }: Volume) => spec.csi.volumeHandle.split("#")[2] ?? "";

  it("are looked for by the example's CronJob with the controller's rights, configuration and sign-in", async () => {
    const { manifests, apply } = installation;
    const file = await readFile(join(repository, "deploy/examples/orphans-cronjob.yaml"), "utf8");
    await apply(file);
    const { jobTemplate } = (parse(file) as { spec: { jobTemplate: { spec: Manifest } } }).spec;
    const job = { apiVersion: "batch/v1", kind: "Job", metadata: { name: "orphans-now", namespace: "kube-system" } };
    await apply(JSON.stringify({ ...job, spec: jobTemplate.spec })); // its pod is validated too
    const pod = (owner: unknown) => (owner as { template: { spec: PodSpec } }).template.spec;
    const [shipped, own] = [pod(manifestOf(manifests, "Deployment")["spec"]), pod(jobTemplate.spec)];
    const [controller, container] = [shipped.containers[0], own.containers[0]];
    assert.equal(own.serviceAccountName, shipped.serviceAccountName);
    assert.equal(container?.image, controller?.image);
    assert.ok(
      container?.args.every((arg) => arg === "orphans" || controller?.args.includes(arg)),
      "its own flags",
    );
    assert.deepEqual(container?.env, controller?.env);
    for (const { name } of container?.volumeMounts ?? []) {
      const find = ({ volumes }: PodSpec) => volumes.find((volume) => volume.name === name);
      assert.deepEqual(find(own), find(shipped), name);
    }
  });

  it("are none while every volume exists in the cluster", async () => {
    const { code, findings, containersInUse } = await orphans();
    assert.deepEqual({ code, findings, containersInUse }, { code: 0, findings: [], containersInUse: 2 });
  });

  it("include exactly the volume whose claim and PersistentVolume were removed without a DeleteVolume call", async () => {
    const { plane, provisioner } = installation;
    await provisioner.stop(); // so that nothing asks the driver to delete the volume
    const unprotected = JSON.stringify({ metadata: { finalizers: null } });
    for (const object of ["pvc/removed", `pv/${removed.metadata.name}`]) {
      await plane.kubectl(["delete", object, "--wait=false"]);
      await plane.kubectl(["patch", object, "--type=merge", "-p", unprotected]).catch(() => "gone already");
      await plane.kubectl(["wait", "--for=delete", object, "--timeout=60s"]);
    }
    const { code, findings, containersInUse } = await orphans();
    assert.deepEqual(
      findings.map(({ kind, id }) => [kind, id.split("/").at(-1)]),
      [["container", containerOf(removed)]],
    );
    assert.deepEqual({ code, containersInUse }, { code: 3, containersInUse: 1 });
    assert.equal(findings[0]?.claim, "default/removed");
  });

  it("are shown as retained with --on-delete=retain, and survive --delete", async () => {
    const flags = ["--on-delete", "retain", "--delete", "--yes", "--name", containerOf(removed)];
    await assert.rejects(orphans(...flags), /is retained \(--on-delete=retain\): nothing was deleted/);
    const { findings } = await orphans("--on-delete", "retain");
    const shown = findings.map(({ kind, retained }) => [kind, retained]);
    assert.deepEqual(shown, [
      ["role assignment", false],
      ["container", true],
    ]);
    const { containers } = await installation.driver.admin.state();
    assert.equal(containers.length, 2);
  });

  it("are deleted by name, with their account and role assignment, and the live volume stays", async () => {
    await assert.rejects(orphans("--delete", "--yes"), /1 of 2 containers would be deleted, more than 20 %/);
    const { code, findings } = await orphans("--delete", "--yes", "--name", containerOf(removed));
    assert.equal(code, 0);
    assert.deepEqual(
      findings.map(({ outcome }) => outcome),
      ["removed"],
    );
    const { accounts, containers, roleAssignments } = await installation.driver.admin.state();
    assert.equal(accounts.length, 1);
    assert.deepEqual(
      containers.map(({ name }) => name),
      [containerOf(live)],
    );
    const atAccounts = roleAssignments.filter(({ scope }) => scope.includes("/storageAccounts/"));
    assert.deepEqual(
      atAccounts.map(({ scope }) => scope.split("/").at(-1)),
      [containerOf(live)],
    );
    assert.deepEqual((await orphans()).findings, []);
  });
});
