// The mount checks on a real control plane, with the rights of deploy/manifests: what `kubectl describe pvc` shows for a class
// that would lose data and for a missing CSIDriver, and that the command in the event fixes it.
import assert from "node:assert/strict";
import { join } from "node:path";
import { boundVolume, claim, eventOf } from "../support/cluster-objects.ts";
import { manifestOf } from "../support/deployment.ts";
import { type Installation, startInstallation, trackFailures } from "../support/installation.ts";
import { eventually } from "../support/processes.ts";
import { repository } from "../support/sources.ts";

describe("the mount checks on a real control plane", function () {
  this.timeout(900_000); // a guard against a hang only; the first run on a machine builds the tools (about 6 minutes)
  let installation: Installation;
  const hasFailed = trackFailures();

  before(async () => {
    const provisionerFlags = { "retry-interval-max": "4s" };
    installation = await startInstallation({ clusterId: "mount-checks", without: ["CSIDriver"], provisionerFlags });
    await applyClass("safe", {});
    await applyClass("cached", { mountOptions: ["-o allow_other"] });
    await applyClass("accepted", { mountOptions: ["-o allow_other"] }, { acceptFileCache: "true" });
    const options = manifestOf(installation.manifests, "StorageClass")["mountOptions"] as string[];
    await applyClass("root-only", { mountOptions: options.filter((each) => !each.includes("allow_other")) });
  });
  after(() => installation?.stop({ keepLogs: hasFailed() }));

  async function applyClass(name: string, changes: object, own: object = {}): Promise<void> {
    const parameters = { clientID: installation.driver.ready.identities[0]?.clientId ?? "", ...own };
    await installation.applyClass(name, { parameters, ...changes });
  }
  const kubectl = (args: readonly string[]) => installation.plane.kubectl(args);
  const bind = (name: string) => boundVolume(installation.plane, name);
  const apply = (name: string, className: string, accessMode?: string) =>
    installation.apply(claim(name, className, accessMode === undefined ? {} : { accessMode }));
  /** The message as a person reads it: Kubernetes truncates what is longer than 1 KiB. */
  async function refusal(name: string): Promise<string> {
    const { plane, provisioner } = installation;
    const message = await eventually(provisioner, () => eventOf(plane, name, "ProvisioningFailed"), 30);
    console.log(`      event: ${message}`);
    assert.match(message, /FailedPrecondition desc = .*[^…]$/s, "complete, not truncated");
    const uid = await kubectl(["get", "pvc", name, "-o", "jsonpath={.metadata.uid}"]);
    const { containers } = await installation.driver.admin.state();
    assert.ok(!containers.some((container) => container.name.includes(uid)), "nothing was created");
    return message;
  }

  it("create no volume without the node plugin's CSIDriver, and bind the same claim once it exists", async () => {
    await apply("early", "safe");
    assert.match(await refusal("early"), /CSIDriver keyless.blob.csi does not exist: .* wait forever for an attacher/);
    assert.deepEqual((await installation.driver.admin.state()).accounts, []);
    await kubectl(["apply", "-f", join(repository, "deploy/manifests/csidriver.yaml")]);
    await bind("early");
  });

  it("refuse a class with the file cache; the command in the event fixes the class, and the claim is bound", async () => {
    await apply("cached", "cached");
    const message = await refusal("cached");
    const [, json = ""] =
      /kubectl patch storageclass cached --type=merge -p '(\{.*?\})'\. Fix existing/.exec(message) ?? [];
    await kubectl(["patch", "storageclass", "cached", "--type=merge", "-p", json]);
    await bind("cached");
    const options = ["get", "pv", "-o", "jsonpath={.items[*].spec.mountOptions}"];
    assert.match(await kubectl(options), /"-o allow_other","--block-cache",/);
  });

  it("allow the file cache for a single pod, and where the class accepts it", async () => {
    await apply("alone", "accepted", "ReadWriteOncePod");
    await bind("alone");
    await apply("accepted", "accepted");
    await bind("accepted");
  });

  it("accept a class for root alone, with a warning on the claim", async () => {
    await apply("rooted", "root-only");
    await bind("rooted");
    const message = await eventOf(installation.plane, "rooted", "NoAllowOther");
    console.log(`      event: ${message}`);
    const shown = await kubectl(["describe", "pvc", "rooted"]);
    assert.match(shown, /Warning +NoAllowOther +\S+ +keyless-csi +mountOptions has no "-o allow_other"/);
  });
});
