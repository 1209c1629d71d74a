// The whole path on a real control plane: claims applied with kubectl, csi-provisioner with the flags and the rights of
// deploy/manifests, our controller, and an emulated Azure behind it that is asked what it holds.
import assert from "node:assert/strict";
import { boundVolume, claim, eventOf, type Volume, volumeOf } from "../support/cluster-objects.ts";
import { type ControlPlane, startControlPlane } from "../support/control-plane.ts";
import { argumentsOf, type Manifest, manifestOf, readManifests, withFlags } from "../support/deployment.ts";
import { type EmulatedDriver, startEmulatedDriver } from "../support/emulated-driver.ts";
import type { HeldState, WorkloadIdentity } from "../support/emulator-admin.ts";
import { eventually, logTail, type Program } from "../support/processes.ts";
import { toolPath } from "../support/tools.ts";

describe("keyless-csi on a real control plane", function () {
  this.timeout(900_000); // a guard against a hang only; the first run on a machine builds the tools (about 6 minutes)
  let plane: ControlPlane;
  let driver: EmulatedDriver;
  let isStarted = false;
  let hasFailed = false;
  let provisioner: Program;
  let identity: WorkloadIdentity;
  let heldBefore: HeldState;

  before(async () => {
    for (const tool of ["etcd", "csi-provisioner"] as const) await toolPath(tool); // not part of what is measured
    const started = Date.now();
    plane = await startControlPlane();
    say(`control plane ready in ${secondsSince(started)} s`);
    const manifests = await readManifests();
    await applyInstallation(plane, manifests);
    const kubeconfig = await plane.kubeconfigOf("kube-system", "keyless-csi-controller");
    driver = await startEmulatedDriver("cluster-test", ["--kubernetes", "on", "--kubeconfig", kubeconfig]);
    const [first] = driver.ready.identities;
    assert.ok(first, "the emulator has no seeded identity");
    identity = first;
    await applyClass(plane, manifestOf(manifests, "StorageClass"), "keyless", { clientID: identity.clientId });
    provisioner = await plane.start(
      "csi-provisioner",
      withFlags(argumentsOf(manifestOf(manifests, "Deployment"), "csi-provisioner"), {
        "csi-address": driver.socketPath,
        kubeconfig,
        v: "2",
      }),
    );
    await plane.start(
      "csi-resizer",
      withFlags(argumentsOf(manifestOf(manifests, "Deployment"), "csi-resizer"), {
        "csi-address": driver.socketPath,
        kubeconfig,
      }),
    );
    heldBefore = await driver.admin.state();
    isStarted = true;
  });

  afterEach(function () {
    if (this.currentTest?.state === "failed") hasFailed = true;
  });

  after(async () => {
    const keepLogs = hasFailed || !isStarted;
    const programs = [driver?.controller, provisioner].filter((program) => program !== undefined);
    if (keepLogs) for (const { name, logFile } of programs) say(`${name}:\n${await logTail(logFile, 40)}`);
    await plane?.stop({ keepLogs });
    await driver?.stop({ keepLogs });
  });

  it("the controller's ServiceAccount may not read secrets or nodes, mint tokens, nor touch pods, classes and roles", async () => {
    for (const action of ["get secrets", "create serviceaccounts --subresource=token", "get nodes", "delete pods"]) {
      assert.equal(await isAllowed(plane, action), false, action);
    }
    for (const action of ["update storageclasses", "create clusterrolebindings", "delete persistentvolumeclaims"]) {
      assert.equal(await isAllowed(plane, action), false, action);
    }
    assert.equal(await isAllowed(plane, "create persistentvolumes"), true);
  });

  describe("a claim of a class with a clientID", () => {
    let volume: Volume;

    it("becomes Bound", async () => {
      const started = Date.now();
      await plane.kubectl(["apply", "-f", "-"], claim("data", "keyless"));
      await plane.kubectl(["wait", "--for=jsonpath={.status.phase}=Bound", "--timeout=60s", "pvc/data"]);
      const seconds = secondsSince(started);
      say(`claim applied -> Bound in ${seconds} s`);
      volume = await volumeOf(plane, "data");
    });

    it("is bound to a volume of our driver that names account, container and subscription", async () => {
      assert.equal(volume.spec.csi.driver, "keyless.blob.csi");
      const [group, account, container, , , subscription] = volume.spec.csi.volumeHandle.split("#");
      assert.deepEqual(
        { group, container, subscription },
        {
          group: driver.ready.resourceGroup,
          container: volume.metadata.name,
          subscription: driver.ready.subscriptionId,
        },
      );
      assert.match(account ?? "", /^kl[a-z2-7]{22}$/);
      assert.deepEqual(volume.spec.accessModes, ["ReadWriteMany"]);
      assert.equal(volume.spec.capacity.storage, "5Gi");
      assert.equal(volume.spec.persistentVolumeReclaimPolicy, "Delete");
    });

    it("gives the node plugin what it needs to mount with the workload's token, and nothing of a key", () => {
      const attributes = lowerCaseKeys(volume.spec.csi.volumeAttributes);
      assert.equal(attributes["mountwithworkloadidentitytoken"], "true");
      assert.equal(attributes["clientid"], identity.clientId);
      assert.equal(attributes["tenantid"], driver.ready.tenantId);
      assert.equal(attributes["containername"], volume.metadata.name);
      assert.equal(attributes["protocol"], "fuse2");
      for (const name of Object.keys(attributes)) assert.doesNotMatch(name, /secret|accountkey|sastoken|authtype/);
    });

    it("stands on a storage account that no key can open", async () => {
      const { accounts } = await driver.admin.state();
      const [account, another] = accounts;
      assert.ok(account && !another, `one account was expected, not ${accounts.length}`);
      assert.equal(account.name, volume.spec.csi.volumeHandle.split("#")[1]);
      const { properties } = account;
      assert.deepEqual(
        [
          properties["allowSharedKeyAccess"],
          properties["allowBlobPublicAccess"],
          properties["allowCrossTenantReplication"],
          properties["minimumTlsVersion"],
          properties["supportsHttpsTrafficOnly"],
          properties["isLocalUserEnabled"],
          properties["defaultToOAuthAuthentication"],
        ],
        [false, false, false, "TLS1_2", true, false, true],
      );
      assert.equal(account.tags["keyless-csi.cluster"], "cluster-test");
    });

    it("has a container that says which claim it is for", async () => {
      const { containers } = await driver.admin.state();
      assert.equal(containers.length, heldBefore.containers.length + 1);
      const container = containers.find(({ name }) => name === volume.metadata.name);
      assert.ok(container, `no container ${volume.metadata.name}`);
      const metadata = lowerCaseKeys(container.metadata);
      assert.equal(metadata["keyless_pvc_namespace"], "default");
      assert.equal(metadata["keyless_pvc_name"], "data");
      assert.equal(metadata["keyless_size_bytes"], String(5 * 2 ** 30));
    });

    it("is opened to the workload's identity alone, by exactly one role assignment at the container's scope", async () => {
      const granted = newRoleAssignments(await driver.admin.state(), heldBefore);
      const [group, account, container, , , subscription] = volume.spec.csi.volumeHandle.split("#");
      const scope =
        `/subscriptions/${subscription}/resourceGroups/${group}/providers/Microsoft.Storage` +
        `/storageAccounts/${account}/blobServices/default/containers/${container}`;
      assert.deepEqual(
        granted.map((one) => [one.scope.toLowerCase(), one.principalId, one.principalType]),
        [[scope.toLowerCase(), identity.principalId, "ServicePrincipal"]],
      );
    });

    it("leaves nothing behind in the cluster or in Azure once it is deleted", async () => {
      const started = Date.now();
      await plane.kubectl(["delete", "pvc", "--wait=false", "data"]);
      await plane.kubectl(["wait", "--for=delete", `pv/${volume.metadata.name}`, "--timeout=60s"]);
      say(`claim deleted -> volume gone in ${secondsSince(started)} s`);
      const held = await driver.admin.state();
      assert.deepEqual(held.containers, heldBefore.containers);
      assert.deepEqual(newRoleAssignments(held, heldBefore), []);
    });
  });

  // Nested, because mocha runs a suite's own tests before those of the suites in it.
  describe("a class with an unknown parameter", () => {
    it("keeps its claim Pending, with our message as the claim's event", async () => {
      const manifest = manifestOf(await readManifests(), "StorageClass");
      await applyClass(plane, manifest, "misspelt", { clientID: identity.clientId, skuNmae: "Standard_LRS" });
      await plane.kubectl(["apply", "-f", "-"], claim("misspelt", "misspelt"));
      const message = await eventually(provisioner, () => eventOf(plane, "misspelt", "ProvisioningFailed"), 30);
      say(`event: ${message}`);
      assert.match(message, /skuNmae/);
      assert.match(message, /skuName/, "the nearest known name is proposed");
      assert.match(message, /InvalidArgument/);
      assert.equal(await plane.kubectl(["get", "pvc", "misspelt", "-o", "jsonpath={.status.phase}"]), "Pending");
      await plane.kubectl(["delete", "pvc", "misspelt"]);
      const held = await driver.admin.state();
      assert.deepEqual(held.containers, heldBefore.containers);
      assert.deepEqual(newRoleAssignments(held, heldBefore), []);
    });
  });

  describe("a claim that asks for more", () => {
    it("grows, as a label on the container and in the PersistentVolume, and no node is asked", async () => {
      await plane.kubectl(["apply", "-f", "-"], claim("growing", "keyless"));
      const { metadata } = await boundVolume(plane, "growing");
      const patch = JSON.stringify({ spec: { resources: { requests: { storage: "7Gi" } } } });
      await plane.kubectl(["patch", "pvc", "growing", "-p", patch]);
      await plane.kubectl(["wait", "--for=jsonpath={.status.capacity.storage}=7Gi", "--timeout=60s", "pvc/growing"]);
      const { containers } = await driver.admin.state();
      const container = containers.find(({ name }) => name === metadata.name);
      assert.equal(container?.metadata["keyless_size_bytes"], String(7 * 2 ** 30));
      await plane.kubectl(["delete", "pvc", "growing", "--wait=false"]);
      await plane.kubectl(["wait", "--for=delete", `pv/${metadata.name}`, "--timeout=60s"]);
    });
  });

  describe("20 claims at once", () => {
    it("become 20 volumes in one account, each with its own grant, and all go again", async () => {
      const names = Array.from({ length: 20 }, (_, index) => `many-${index}`);
      const started = Date.now();
      await plane.kubectl(["apply", "-f", "-"], names.map((name) => claim(name, "keyless")).join("\n---\n"));
      await eventually(provisioner, async () => {
        const phases = await plane.kubectl(["get", "pvc", "-o", "jsonpath={.items[*].status.phase}"]);
        assert.equal(phases, names.map(() => "Bound").join(" "));
      });
      say(`20 claims applied -> all Bound in ${secondsSince(started)} s`);
      const held = await driver.admin.state();
      const volumes = await volumesOf(plane);
      const handles = new Set(volumes.map(({ spec }) => spec.csi.volumeHandle));
      assert.equal(handles.size, 20);
      assert.equal(held.accounts.length, 1);
      assert.equal(held.containers.length, heldBefore.containers.length + 20);
      const scopes = new Set(newRoleAssignments(held, heldBefore).map(({ scope }) => scope.toLowerCase()));
      assert.equal(scopes.size, 20);
      const deleting = Date.now();
      await plane.kubectl(["delete", "pvc", "--wait=false", "--all"]);
      await eventually(provisioner, async () => {
        assert.equal(await plane.kubectl(["get", "pv", "-o", "name"]), "");
      });
      say(`20 claims deleted -> all volumes gone in ${secondsSince(deleting)} s`);
      const after = await driver.admin.state();
      assert.deepEqual(after.containers, heldBefore.containers);
      assert.deepEqual(newRoleAssignments(after, heldBefore), []);
    });
  });

  describe("when all is done", () => {
    it("account keys were never asked for", async () => {
      const { alarms, counts } = await driver.admin.calls();
      assert.deepEqual(alarms, []);
      say(`Azure calls in all: ${JSON.stringify(counts)}`);
    });

    it("the controller ends with exit code 0 when it is asked to", async () => {
      assert.equal(await driver.controller.stop(), 0);
    });
  });
});

/** All but the class, exactly as shipped, so that the API server validates every object. */
async function applyInstallation(plane: ControlPlane, manifests: readonly Manifest[]): Promise<void> {
  const objects = manifests.filter(({ kind }) => kind !== "StorageClass");
  const warnings = await plane.kubectl(["apply", "-f", "-"], list(objects));
  for (const { kind, metadata } of objects) {
    assert.match(warnings, new RegExp(`${metadata.name} created`), `${kind} ${metadata.name} was not created`);
  }
}

/** The shipped class under another name, with these parameters, and bound at once: no pod asks for these claims. */
async function applyClass(
  plane: ControlPlane,
  shipped: Manifest,
  name: string,
  parameters: Record<string, string>,
): Promise<void> {
  const asked = { metadata: { name }, parameters, volumeBindingMode: "Immediate" };
  await plane.kubectl(["apply", "-f", "-"], JSON.stringify({ ...shipped, ...asked }));
}

/** Whether the controller's ServiceAccount may do this anywhere in kube-system, as the API server's RBAC says. */
async function isAllowed(plane: ControlPlane, action: string): Promise<boolean> {
  const user = "--as=system:serviceaccount:kube-system:keyless-csi-controller";
  const ask = ["auth", "can-i", ...action.split(" "), "--namespace=kube-system", user];
  const answer = await plane.kubectl(ask).catch((error: Error) => error.message); // "no" comes with exit code 1
  return answer.trim() === "yes";
}

function list(items: readonly Manifest[]): string {
  return JSON.stringify({ apiVersion: "v1", kind: "List", items });
}

async function volumesOf(plane: ControlPlane): Promise<Volume[]> {
  return (JSON.parse(await plane.kubectl(["get", "pv", "-o", "json"])) as { items: Volume[] }).items;
}

function newRoleAssignments(now: HeldState, before: HeldState): HeldState["roleAssignments"] {
  const known = new Set(before.roleAssignments.map(({ name }) => name));
  return now.roleAssignments.filter(({ name }) => !known.has(name));
}

function lowerCaseKeys(record: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name.toLowerCase(), value]));
}

function secondsSince(started: number): number {
  return Math.round((Date.now() - started) / 10) / 100;
}

function say(line: string): void {
  console.log(`      ${line}`);
}
