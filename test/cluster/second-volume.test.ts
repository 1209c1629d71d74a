// More than one PersistentVolume for one container, on a real control plane: what a restore into another namespace makes, and
// what somebody forges with one `kubectl annotate`. The container and its data stay while any of them is in use.
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { read, write } from "../../src/commands/demo/workload.ts";
import { trustCloud } from "../../src/commands/trust-cloud.ts";
import { azureAdministrator } from "../support/azure-administrator.ts";
import { boundVolume, claim, eventOf, namespace, serviceAccount, type Volume } from "../support/cluster-objects.ts";
import type { ControlPlane } from "../support/control-plane.ts";
import { type Installation, startInstallation, trackFailures } from "../support/installation.ts";
import { openVolume } from "../support/open-volume.ts";
import { eventually } from "../support/processes.ts";
import { SOMEBODY, storageTeam } from "../support/storage-team.ts";

const OURS = "keyless.blob.csi";

describe("two PersistentVolumes of one container on a real control plane", function () {
  this.timeout(900_000); // a guard against a hang only; the first run on a machine builds the tools (about 6 minutes)
  let installation: Installation;
  let plane: ControlPlane;
  let original: Volume;
  let container: ReturnType<typeof openVolume>;
  const hasFailed = trackFailures();

  before(async () => {
    const provisionerFlags = { "retry-interval-max": "2s" };
    installation = await startInstallation({ clusterId: "second-volume", provisionerFlags });
    ({ plane } = installation);
    const { driver, apply, applyClass } = installation;
    trustCloud(driver.ready);
    await applyClass("keyless", { parameters: { identity: "serviceAccount", defaultServiceAccount: "app" } });
    await azureAdministrator(driver.ready).trust(0, plane.server, "old", "app");
    const clientId = driver.ready.identities[0]?.clientId ?? "";
    await apply(
      namespace("old"),
      serviceAccount("app", "old", clientId),
      namespace("new"),
      storageTeam("persistentvolumes"),
    );
    await waitForPolicy(plane);
    await apply(claim("data", "keyless", { namespace: "old" }));
    original = await boundVolume(plane, "data", "old");
    // A token of namespace old, which is deleted later, stays valid for some minutes.
    container = openVolume(original, { plane, ready: driver.ready, namespace: "old", serviceAccount: "app" });
    assert.equal((await write(container, "precious", "data")).status, 201);
  });
  after(() => installation?.stop({ keepLogs: hasFailed() }));

  const phaseOf = (name: string) => plane.kubectl(["get", "pv", name, "-o", "jsonpath={.status.phase}"]);
  const isHeld = async () =>
    (await installation.driver.admin.state()).containers.some(({ name }) => name === original.metadata.name);
  const copyOf = (name: string, csi: object = {}, annotations: object = {}) =>
    JSON.stringify({
      apiVersion: "v1",
      kind: "PersistentVolume",
      metadata: { name, annotations },
      spec: {
        accessModes: ["ReadWriteMany"],
        capacity: { storage: "5Gi" },
        storageClassName: "keyless",
        persistentVolumeReclaimPolicy: "Delete",
        csi: { ...original.spec.csi, ...csi },
      },
    });

  it("an annotation that brings a forged volume to DeleteVolume is refused, whichever of the two it is", async () => {
    const elsewhere = { driver: "blob.csi.azure.com", volumeHandle: "group#account#container##default#" };
    await plane.kubectl([...SOMEBODY, "create", "-f", "-"], copyOf("forged-before", elsewhere));
    const forgery = ["create", "-f", "-"];
    await assert.rejects(
      plane.kubectl([...SOMEBODY, ...forgery], copyOf("forged", { driver: "blob.csi.azure.com" })),
      /are made by its provisioner: .*\(spec.csi.volumeHandle\)/,
    );
    for (const key of ["provisioned-by", "migrated-to"]) {
      const annotate = ["annotate", "pv", "forged-before", `pv.kubernetes.io/${key}=${OURS}`];
      await assert.rejects(plane.kubectl([...SOMEBODY, ...annotate]), /are made by its provisioner/);
    }
    await plane.kubectl(["delete", "pv", "forged-before"]);
  });

  it("a forged volume of before the policy that an administrator annotates reaches DeleteVolume, and the data stays", async () => {
    const annotations = { "pv.kubernetes.io/provisioned-by": "other.example" };
    await installation.apply(copyOf("forged", { driver: "blob.csi.azure.com" }, annotations));
    await installation.apply(claim("grab", "keyless", { namespace: "new", volumeName: "forged" }));
    await boundVolume(plane, "grab", "new");
    await plane.kubectl(["delete", "pvc", "grab", "--namespace=new"]);
    await plane.kubectl(["wait", "--for=jsonpath={.status.phase}=Released", "--timeout=60s", "pv/forged"]);
    await plane.kubectl(["annotate", "pv", "forged", `pv.kubernetes.io/migrated-to=${OURS}`]);
    const message = await eventually(
      installation.provisioner,
      () => eventOf(plane, "forged", "VolumeFailedDelete"),
      30,
    );
    console.log(`      event: ${message}`);
    assert.match(
      message,
      new RegExp(`PersistentVolume ${original.metadata.name} \\(Bound, claim old/data\\) exists and`),
    );
    assert.equal((await read(container, "precious")).text, "data");
    await plane.kubectl(["patch", "pv", "forged", "-p", '{"spec":{"persistentVolumeReclaimPolicy":"Retain"}}']);
    await plane.kubectl(["delete", "pv", "forged"]);
    assert(await isHeld());
  });

  it("the container survives its namespace while a restored volume uses it, and the event names that one", async () => {
    await installation.apply(copyOf("velero-clone-1"));
    await installation.apply(claim("data", "keyless", { namespace: "new", volumeName: "velero-clone-1" }));
    await boundVolume(plane, "data", "new");
    await plane.kubectl(["delete", "namespace", "old", "--timeout=60s"]);
    const { name } = original.metadata;
    const message = await eventually(installation.provisioner, () => eventOf(plane, name, "VolumeFailedDelete"), 30);
    console.log(`      event: ${message}`);
    assert.match(message, /PersistentVolume velero-clone-1 \(Bound, claim new\/data\) exists and is not released/);
    assert.match(message, /nothing was touched.*set persistentVolumeReclaimPolicy: Retain/);
    assert.equal(await phaseOf(name), "Released");
    assert.equal((await read(container, "precious")).text, "data");
  });

  it("once the restored volume is released too, both are deleted, and the container with them", async () => {
    await plane.kubectl(["delete", "pvc", "data", "--namespace=new"]);
    for (const name of ["velero-clone-1", original.metadata.name]) {
      await plane.kubectl(["wait", "--for=delete", `pv/${name}`, "--timeout=60s"]);
    }
    assert(!(await isHeld()));
    const { roleAssignments } = await installation.driver.admin.state();
    assert.deepEqual(
      roleAssignments.filter(({ scope }) => scope.includes("/containers/")),
      [],
    );
  });
});

/** The policies take effect some moments after they were applied: then dry runs are refused. */
async function waitForPolicy(plane: ControlPlane): Promise<void> {
  const spec = {
    accessModes: ["ReadWriteMany"],
    capacity: { storage: "1Gi" },
    csi: { driver: OURS, volumeHandle: "probe" },
  };
  const probe = JSON.stringify({ apiVersion: "v1", kind: "PersistentVolume", metadata: { name: "probe" }, spec });
  const attempt = () => plane.kubectl([...SOMEBODY, "create", "--dry-run=server", "-f", "-"], probe);
  while (await attempt().then(Boolean, (error: Error) => !error.message.includes("made by its provisioner")))
    await delay(100);
}
