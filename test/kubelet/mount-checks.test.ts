// What the controller refuses before it creates a volume, because a pod would silently lose its data: on a real cluster, with
// the events that a user reads. Under --mount-checks=warn a pod shows what would have happened.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { eventOf } from "../support/cluster-objects.ts";
import { manifestOf, readManifests } from "../support/deployment.ts";
import { eventually } from "../support/processes.ts";
import { KUBELET_FOLDER } from "./support/kubelet.ts";
import { mountsBelow } from "./support/mounts.ts";
import { claim, pod, remove, running, shell } from "./support/pods.ts";
import { OUR_DRIVER, type Stage, startStage } from "./support/stage.ts";
import { addTenants, applyShippedClasses, storageOf } from "./support/tenants.ts";

describe("a volume whose data a pod would lose", function () {
  this.timeout(180_000); // a guard against a hang only
  let stage: Stage;

  afterEach(async function () {
    await stage?.stop({ keepLogs: this.currentTest?.state === "failed" });
  });

  const start = async (controllerFlags: readonly string[] = []) => {
    stage = await startStage({ nodeDriver: OUR_DRIVER, controllerFlags });
    await addTenants(stage);
    await applyShippedClasses(stage);
  };
  const claimAndPod = (name: string, className: string) =>
    stage.apply(claim({ name, namespace: "team", className }), pod({ name, namespace: "team", claim: name }));
  const reasonOf = (name: string) =>
    eventually(stage.kubelet, () => eventOf(stage.plane, name, "ProvisioningFailed", "team"));
  /** The shipped class with other mount options. */
  const applyClass = async (name: string, mountOptions: readonly string[]) => {
    const shipped = manifestOf(await readManifests(), "StorageClass");
    await stage.apply({ ...shipped, metadata: { name }, mountOptions });
  };
  /** As in an installation without our admission policies, where anybody may change the object. */
  const removeTokenRequests = async () => {
    const bindings = ["validatingadmissionpolicybinding", "keyless-csi-node-driver", "keyless-csi-other-node-driver"];
    await stage.plane.kubectl(["delete", ...bindings]);
    const patch = ["patch", "csidriver", OUR_DRIVER, "--type=merge", "-p", '{"spec":{"tokenRequests":null}}'];
    await eventually(stage.kubelet, () => stage.plane.kubectl(patch));
  };

  /** Provisioning fails with this event, and Azure holds what it held before. */
  const assertRefused = async (name: string, className: string, why: RegExp) => {
    const before = await stage.driver.admin.state();
    await claimAndPod(name, className);
    const message = await reasonOf(name);
    assert.match(message, why);
    console.log(`      event: ${message}`);
    const after = await stage.driver.admin.state();
    assert.deepEqual([after.accounts, after.containers], [before.accounts, before.containers]);
  };

  it("is refused when the class mounts with blobfuse2's file cache", async () => {
    await start();
    await applyClass("file-cache", ["-o allow_other"]);
    await assertRefused(
      "cached",
      "file-cache",
      /FailedPrecondition.*file cache.*kubectl patch storageclass file-cache /s,
    );
  });

  it("is refused when the CSIDriver object brings no tokens", async () => {
    await start();
    await removeTokenRequests();
    await assertRefused(
      "tokenless",
      "keyless",
      /FailedPrecondition.*tokenRequests.*node's own disk.*kubectl patch csidriver /s,
    );
  });

  it("is created after the command in the event was run", async () => {
    await start();
    await applyClass("file-cache", ["-o allow_other"]);
    await claimAndPod("cached", "file-cache");
    const [, command = ""] = /(patch storageclass .*?)\. Fix existing volumes/s.exec(await reasonOf("cached")) ?? [];
    const [, words = "", json = ""] = /^(.*) -p '(.*)'$/s.exec(command) ?? [];
    await stage.plane.kubectl([...words.split(" "), "-p", json]);
    await running(stage, "team", "cached");
    await shell(stage, "team", "cached", "echo kept > /data/a && sync /data/a");
    assert.equal(await (await storageOf(stage, "team", "cached")).read("a"), "kept\n");
  });

  it("is created with a warning under --mount-checks=warn, and the pod then runs on the node's own disk", async () => {
    await start(["--mount-checks=warn"]);
    await removeTokenRequests();
    await claimAndPod("silent", "keyless");
    await running(stage, "team", "silent");
    const warning = await eventOf(stage.plane, "silent", "NodeDriver", "team");
    assert.match(warning, /tokenRequests/);
    await shell(stage, "team", "silent", "echo on the node > /data/lost");
    const uid = await stage.plane.kubectl([
      "get",
      "pod",
      "silent",
      "--namespace=team",
      "-o",
      "jsonpath={.metadata.uid}",
    ]);
    const mounts = await mountsBelow(join(KUBELET_FOLDER, "pods", uid));
    const [folder = ""] = mounts.filter((path) => path.includes("kubernetes.io~csi"));
    assert.equal(await readFile(join(folder, "lost"), "utf8"), "on the node\n");
    await assert.rejects((await storageOf(stage, "team", "silent")).read("lost"), /HTTP 404/);
    // The file stays behind in the folder that the plugin had bound: the plugin cannot remove a folder with files in it.
    await remove(stage, "team", "silent");
    const volumes = join(KUBELET_FOLDER, "plugins", "kubernetes.io", "csi", OUR_DRIVER);
    const [hash = ""] = await readdir(volumes);
    assert.equal(await readFile(join(volumes, hash, "globalmount", "lost"), "utf8"), "on the node\n");
  });
});
