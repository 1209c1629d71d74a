// Volumes under the node plugin of another installation (way B, shared): the shipped policy rewrites the driver of our volumes,
// that plugin mounts them, and our controller still deletes them.
import assert from "node:assert/strict";
import { trackFailures } from "../support/installation.ts";
import { eventually } from "../support/processes.ts";
import { claim, NOT_ROOT, pod, remove, running, shell } from "./support/pods.ts";
import { type Stage, startStage } from "./support/stage.ts";
import { useStaticVolume } from "./support/static.ts";
import { addTenants, applyShippedClasses, storageOf } from "./support/tenants.ts";

const SHARED = "blob.csi.azure.com";

describe("a pod on a node with the node plugin of another installation", function () {
  this.timeout(180_000); // a guard against a hang only
  let stage: Stage;
  const hasFailed = trackFailures();

  before(async () => {
    stage = await startStage({ nodeDriver: SHARED });
    await addTenants(stage);
    await applyShippedClasses(stage);
    await waitForPolicy(stage);
  });
  after(() => stage?.stop({ keepLogs: hasFailed() }));

  it("that is not root reads and writes a container of others, on the volume that `static` prints", () =>
    useStaticVolume(stage, SHARED));

  for (const className of ["keyless", "keyless-one-identity"]) {
    it(`that is not root reads and writes a volume of class ${className}, which our controller deletes`, async () => {
      const name = className;
      await stage.apply(
        claim({ name, namespace: "team", className }),
        pod({ name, namespace: "team", claim: name, securityContext: NOT_ROOT }),
      );
      await running(stage, "team", name);
      await shell(stage, "team", name, "echo by the other plugin > /data/hello && sync /data/hello");
      const { volume, read } = await storageOf(stage, "team", name);
      assert.equal(volume.spec.csi.driver, SHARED);
      assert.equal(await read("hello"), "by the other plugin\n");
      await remove(stage, "team", name);
      await stage.plane.kubectl(["delete", "pvc", name, "--namespace=team", "--wait"]);
      await stage.plane.kubectl(["wait", "--for=delete", `pv/${volume.metadata.name}`, "--timeout=60s"]);
      const { containers, roleAssignments } = await stage.driver.admin.state();
      assert.deepEqual(containers, []);
      assert.deepEqual(
        roleAssignments.filter(({ scope }) => scope.includes("/containers/")),
        [],
      );
    });
  }
});

/** Waits until the policy is in effect, some moments after it was applied: dry runs of what csi-provisioner does show it. */
async function waitForPolicy({ plane, kubelet }: Stage): Promise<void> {
  const driver = "keyless.blob.csi";
  const volume = JSON.stringify({
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name: "probe", annotations: { "pv.kubernetes.io/provisioned-by": driver } },
    spec: {
      capacity: { storage: "1Gi" },
      accessModes: ["ReadWriteMany"],
      csi: { driver, volumeHandle: "group#account#container###subscription" },
    },
  });
  await eventually(kubelet, async () => {
    const made = await plane.kubectl(["create", "--dry-run=server", "-o", "json", "-f", "-"], volume);
    assert.equal((JSON.parse(made) as { spec: { csi: { driver: string } } }).spec.csi.driver, SHARED);
  });
}
