// Three real control planes with one emulated Azure: two that people gave one cluster id, and the third that takes over the
// first one's volumes with the commands of docs/how-to/move-a-cluster.md. No data is lost on the way.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { boundVolume, claim, eventOf, type Volume } from "../support/cluster-objects.ts";
import type { ControlPlane } from "../support/control-plane.ts";
import { type Installation, startInstallation, trackFailures } from "../support/installation.ts";
import { type OrphansAnswer, orphansOf } from "../support/orphans-command.ts";
import { eventually } from "../support/processes.ts";
import { repository } from "../support/sources.ts";

/** What two administrators have chosen. */
const SHARED_ID = "production";
const DELETE = ["--delete", "--yes", "--even-all", "--unmarked"];

/** The patches of the documented commands, in their order: keep the data, free the volume, free the claim. */
const [RETAIN = "", FREE_VOLUME = "", FREE_CLAIM = ""] = [
  ...readFileSync(join(repository, "docs/how-to/move-a-cluster.md"), "utf8").matchAll(/--patch '([^']+)'/g),
].map(([, patch]) => patch);

describe("two clusters with one id, and a third that takes over", function () {
  this.timeout(900_000); // a guard against a hang only; the first run on a machine builds the tools (about 6 minutes)
  const installations: Installation[] = [];
  let blue: Installation;
  let other: Installation;
  let green: Installation;
  let blueUid: string;
  let moved: Volume;
  let left: Volume;
  const hasFailed = trackFailures();

  async function install(...[options]: Parameters<typeof startInstallation>): Promise<Installation> {
    const installation = await startInstallation(options);
    installations.push(installation);
    const clientID = installation.driver.ready.identities[0]?.clientId ?? "";
    await installation.applyClass("pool", { parameters: { clientID } });
    await installation.applyClass("own", { parameters: { clientID, isolation: "volume" } });
    return installation;
  }
  before(async () => {
    blue = await install({ clusterId: SHARED_ID });
    other = await install({ clusterId: SHARED_ID, beside: blue });
    blueUid = await blue.plane.kubectl(["get", "namespace", "kube-system", "--output", "jsonpath={.metadata.uid}"]);
    await blue.apply(claim("moved", "pool"), claim("left", "pool"));
    [moved, left] = [await boundVolume(blue.plane, "moved"), await boundVolume(blue.plane, "left")];
  });
  after(async () => {
    for (const installation of installations.reverse()) await installation.stop({ keepLogs: hasFailed() });
  });

  const containerOf = ({ spec }: Volume) => spec.csi.volumeHandle.split("#")[2] ?? "";
  const held = async () => (await blue.driver.admin.state()).containers.map(({ name }) => name).sort();
  const outcomes = ({ findings }: OrphansAnswer) => findings.map(({ id, outcome }) => [id.split("/").at(-1), outcome]);

  it("the second is kept out of the first one's account, and its event says what to do", async () => {
    await other.apply(claim("refused", "pool"));
    const before = await held();
    const event = await eventually(other.provisioner, () => eventOf(other.plane, "refused", "ProvisioningFailed"));
    console.log(`      ${event}`);
    assert.match(event, new RegExp(`another cluster's mark \\(${blueUid}; .*two have the cluster id ${SHARED_ID}`));
    assert.match(event, new RegExp(`another --cluster-id.*--also-owns ${SHARED_ID}/${blueUid}:`));
    assert.deepEqual(await held(), before);
    await other.plane.kubectl(["delete", "pvc", "refused"]);
  });

  it("orphans of one deletes no live container of the other", async () => {
    await other.apply(claim("live", "own"));
    const live = await boundVolume(other.plane, "live");
    const before = await held();
    assert.equal(before.length, 3);
    for (const installation of [blue, other]) {
      const { code, findings } = await orphansOf(installation, SHARED_ID, DELETE);
      assert.deepEqual({ code, findings }, { code: 0, findings: [] });
    }
    assert.deepEqual(await held(), before);
    assert(before.includes(containerOf(live)));
  });

  it("a cluster whose controller may not read the mark starts none, and names the missing right", async () => {
    const { plane } = blue;
    const kubeconfig = await plane.kubeconfigOf("default", "default");
    await assert.rejects(
      orphansOf({ ...blue, kubeconfig }, SHARED_ID),
      /no UID of namespace kube-system.*needs the right to get namespaces \(deploy\/manifests\/rbac.yaml\)/,
    );
  });

  it("a volume moves by the documented commands, and is used where it went", async () => {
    const controllerFlags = ["--also-owns", `${SHARED_ID}/${blueUid}`];
    green = await install({ clusterId: "green", beside: blue, controllerFlags });
    const { name } = moved.metadata;
    await blue.plane.kubectl(["patch", "pv", name, "--type", "merge", "--patch", RETAIN]);
    await transfer(blue.plane, green.plane, ["pv", name], FREE_VOLUME);
    await transfer(blue.plane, green.plane, ["pvc", "moved", "--namespace", "default"], FREE_CLAIM);
    await green.plane.kubectl(["wait", "--for=jsonpath={.status.phase}=Bound", "--timeout=60s", "pvc/moved"]);
    await blue.plane.kubectl(["delete", "pvc", "moved"]);
    await blue.plane.kubectl(["wait", "--for=jsonpath={.status.phase}=Released", "--timeout=60s", `pv/${name}`]);
    assert.equal((await held()).length, 3);
  });

  it("orphans of the new cluster keeps what has not moved yet, orphans of the old one what has", async () => {
    const before = await held();
    const inGreen = await orphansOf(green, "green", ["--also-owns", `${SHARED_ID}/${blueUid}`, ...DELETE]);
    assert.deepEqual(outcomes(inGreen), [[containerOf(left), "found"]]);
    assert.match(inGreen.findings[0]?.keptBecause ?? "", /may still need it, and its claims cannot be seen from here/);
    assert.deepEqual({ code: inGreen.code, inUse: inGreen.containersInUse }, { code: 3, inUse: 1 });
    assert.deepEqual(outcomes(await orphansOf(blue, SHARED_ID, DELETE)), []);
    assert.deepEqual(await held(), before);
  });

  it("deleting the claim in the new cluster deletes its volume, and nothing else", async () => {
    await green.plane.kubectl([
      "patch",
      "pv",
      moved.metadata.name,
      "-p",
      '{"spec":{"persistentVolumeReclaimPolicy":"Delete"}}',
    ]);
    await green.plane.kubectl(["delete", "pvc", "moved"]);
    await green.plane.kubectl(["wait", "--for=delete", `pv/${moved.metadata.name}`, "--timeout=60s"]);
    const names = await held();
    assert(!names.includes(containerOf(moved)) && names.includes(containerOf(left)));
  });

  it("what the old cluster has left goes only when somebody says that it is gone", async () => {
    const flags = ["--also-owns", `${SHARED_ID}/${blueUid}`, "--gone-cluster", `${SHARED_ID}/${blueUid}`];
    const { code, findings } = await orphansOf(green, "green", [...flags, "--delete", "--yes", "--even-all"]);
    assert.deepEqual(outcomes({ code, findings, containersInUse: 0 }), [[containerOf(left), "removed"]]);
    assert.equal((await held()).length, 1, "the live volume of the second cluster stays");
  });
});

/** Creates an object of one cluster in another, as documented: without what binds it to the first. */
async function transfer(from: ControlPlane, to: ControlPlane, object: readonly string[], patch: string): Promise<void> {
  const read = await from.kubectl(["get", ...object, "--output", "json"]);
  const how = ["--local", "--filename", "-", "--type", "json", "--output", "json", "--patch", patch];
  await to.kubectl(["create", "--filename", "-"], await from.kubectl(["patch", ...how], read));
}
