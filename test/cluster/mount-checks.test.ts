// The mount checks on a real control plane, with the rights of deploy/manifests: what `kubectl describe pvc` shows for a class
// that would lose data and for a missing CSIDriver, and that the command in the event is the repair.
import assert from "node:assert/strict";
import { join } from "node:path";
import { boundVolume, claim, eventOf } from "../support/cluster-objects.ts";
import { type ControlPlane, startControlPlane } from "../support/control-plane.ts";
import { argumentsOf, type Manifest, manifestOf, readManifests, withFlags } from "../support/deployment.ts";
import { type EmulatedDriver, startEmulatedDriver } from "../support/emulated-driver.ts";
import { eventually, logTail, type Program } from "../support/processes.ts";
import { repository } from "../support/sources.ts";
import { toolPath } from "../support/tools.ts";

describe("the mount checks on a real control plane", function () {
  this.timeout(900_000); // a guard against a hang only; the first run on a machine builds the tools (about 6 minutes)
  let plane: ControlPlane;
  let driver: EmulatedDriver;
  let provisioner: Program;
  let hasFailed = true;

  before(async () => {
    for (const tool of ["etcd", "csi-provisioner"] as const) await toolPath(tool);
    plane = await startControlPlane();
    const manifests = await readManifests();
    const items = manifests.filter(({ kind }) => kind !== "StorageClass" && kind !== "CSIDriver");
    await plane.kubectl(["apply", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items }));
    const kubeconfig = await plane.kubeconfigOf("kube-system", "keyless-csi-controller");
    driver = await startEmulatedDriver("mount-checks", ["--kubernetes", "on", "--kubeconfig", kubeconfig]);
    const shipped = manifestOf(manifests, "StorageClass");
    await applyClass(shipped, "safe", {});
    await applyClass(shipped, "cached", { mountOptions: ["-o allow_other"] });
    await applyClass(shipped, "accepted", { mountOptions: ["-o allow_other"] }, { acceptFileCache: "true" });
    const options = shipped["mountOptions"] as string[];
    await applyClass(shipped, "root-only", { mountOptions: options.filter((each) => !each.includes("allow_other")) });
    const flags = argumentsOf(manifestOf(manifests, "Deployment"), "csi-provisioner");
    provisioner = await plane.start(
      "csi-provisioner",
      withFlags(flags, { "csi-address": driver.socketPath, kubeconfig, "retry-interval-max": "4s" }),
    );
    hasFailed = false;
  });

  afterEach(function () {
    if (this.currentTest?.state === "failed") hasFailed = true;
  });
  after(async () => {
    const programs = [driver?.controller, provisioner].filter((program) => program !== undefined);
    if (hasFailed) for (const { name, logFile } of programs) console.log(`${name}:\n${await logTail(logFile, 40)}`);
    await plane?.stop({ keepLogs: hasFailed });
    await driver?.stop({ keepLogs: hasFailed });
  });

  async function applyClass(shipped: Manifest, name: string, change: object, own: object = {}): Promise<void> {
    const parameters = { clientID: driver.ready.identities[0]?.clientId ?? "", ...own };
    const asked = { metadata: { name }, volumeBindingMode: "Immediate", parameters, ...change };
    await plane.kubectl(["apply", "-f", "-"], JSON.stringify({ ...shipped, ...asked }));
  }
  const ask = (name: string, className: string, accessMode?: string) =>
    plane.kubectl(["apply", "-f", "-"], claim(name, className, accessMode === undefined ? {} : { accessMode }));
  /** The message as a person reads it: Kubernetes cuts what is longer than 1 KiB. */
  async function refusal(name: string): Promise<string> {
    const message = await eventually(provisioner, () => eventOf(plane, name, "ProvisioningFailed"), 30);
    console.log(`      event: ${message}`);
    assert.match(message, /FailedPrecondition desc = .* \(call [0-9a-f-]{36}\)$/s, "whole, and not cut");
    const uid = await plane.kubectl(["get", "pvc", name, "-o", "jsonpath={.metadata.uid}"]);
    const { containers } = await driver.admin.state();
    assert.ok(!containers.some((container) => container.name.includes(uid)), "nothing was made");
    return message;
  }

  it("without the CSIDriver of the node plugin no volume is made, and with it the same claim is bound", async () => {
    await ask("early", "safe");
    assert.match(await refusal("early"), /CSIDriver keyless.blob.csi does not exist: .* wait forever for an attacher/);
    assert.deepEqual((await driver.admin.state()).accounts, []);
    await plane.kubectl(["apply", "-f", join(repository, "deploy/manifests/csidriver.yaml")]);
    await boundVolume(plane, "early");
  });

  it("a class with the file cache: the event holds the command that fixes it, and then the claim is bound", async () => {
    await ask("cached", "cached");
    const message = await refusal("cached");
    const [, json = ""] =
      /kubectl patch storageclass cached --type=merge -p '(\{.*?\})'\. Fix existing/.exec(message) ?? [];
    await plane.kubectl(["patch", "storageclass", "cached", "--type=merge", "-p", json]);
    await boundVolume(plane, "cached");
    const options = ["get", "pv", "-o", "jsonpath={.items[*].spec.mountOptions}"];
    assert.match(await plane.kubectl(options), /"-o allow_other","--block-cache",/);
  });

  it("the file cache for one pod alone, and where the class accepts it", async () => {
    await ask("alone", "accepted", "ReadWriteOncePod");
    await boundVolume(plane, "alone");
    await ask("accepted", "accepted");
    await boundVolume(plane, "accepted");
  });

  it("a class for root alone makes volumes, with a warning on the claim", async () => {
    await ask("rooted", "root-only");
    await boundVolume(plane, "rooted");
    const message = await eventOf(plane, "rooted", "NoAllowOther");
    console.log(`      event: ${message}`);
    const shown = await plane.kubectl(["describe", "pvc", "rooted"]);
    assert.match(shown, /Warning +NoAllowOther +\S+ +keyless-csi +mountOptions has no "-o allow_other"/);
  });
});
