// The whole path on a real control plane: claims applied with kubectl, csi-provisioner with the flags and the rights of
// deploy/manifests, our controller, and an emulated Azure behind it whose state the tests read.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { boundVolume, claim, eventOf, type Volume, volumeOf } from "../support/cluster-objects.ts";
import type { ControlPlane } from "../support/control-plane.ts";
import type { EmulatedDriver } from "../support/emulated-driver.ts";
import type { HeldState, WorkloadIdentity } from "../support/emulator-admin.ts";
import { type Installation, startInstallation, startSidecar, trackFailures } from "../support/installation.ts";
import { eventually, type Program } from "../support/processes.ts";

describe("keyless-csi on a real control plane", function () {
  this.timeout(900_000); // a guard against a hang only; the first run on a machine builds the tools (about 6 minutes)
  let installation: Installation;
  let plane: ControlPlane;
  let driver: EmulatedDriver;
  let provisioner: Program;
  let resizer: Program;
  let identity: WorkloadIdentity;
  let heldBefore: HeldState;
  const hasFailed = trackFailures();

  before(async () => {
    installation = await startInstallation({ clusterId: "cluster-test", provisionerFlags: { v: "2" } });
    ({ plane, driver, provisioner } = installation);
    const [first] = driver.ready.identities;
    assert.ok(first, "the emulator has no seeded identity");
    identity = first;
    await installation.applyClass("keyless", { parameters: { clientID: identity.clientId } });
    resizer = await startSidecar("csi-resizer", { plane, driver });
    heldBefore = await driver.admin.state();
  });
  after(() => installation?.stop({ keepLogs: hasFailed() }));

  it("does not let the controller's ServiceAccount read secrets or nodes, issue tokens or change pods, classes or roles", async () => {
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
      await installation.apply(claim("data", "keyless"));
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

    it("gives the node plugin what it needs to mount with the workload's token, and no key", () => {
      const attributes = lowerCaseKeys(volume.spec.csi.volumeAttributes);
      assert.equal(attributes["mountwithworkloadidentitytoken"], "true");
      assert.equal(attributes["clientid"], identity.clientId);
      assert.equal(attributes["tenantid"], driver.ready.tenantId);
      assert.equal(attributes["containername"], volume.metadata.name);
      assert.equal(attributes["protocol"], "fuse2");
      for (const name of Object.keys(attributes)) assert.doesNotMatch(name, /secret|accountkey|sastoken|authtype/);
    });

    it("is in a storage account that no key can open", async () => {
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

    it("has a container whose metadata names its claim", async () => {
      const { containers } = await driver.admin.state();
      assert.equal(containers.length, heldBefore.containers.length + 1);
      const container = containers.find(({ name }) => name === volume.metadata.name);
      assert.ok(container, `no container ${volume.metadata.name}`);
      const metadata = lowerCaseKeys(container.metadata);
      assert.equal(metadata["keyless_pvc_namespace"], "default");
      assert.equal(metadata["keyless_pvc_name"], "data");
      assert.equal(metadata["keyless_size_bytes"], String(5 * 2 ** 30));
    });

    it("is accessible to the workload's identity alone, through exactly one role assignment at the container's scope", async () => {
      const added = newRoleAssignments(await driver.admin.state(), heldBefore);
      const [group, account, container, , , subscription] = volume.spec.csi.volumeHandle.split("#");
      const scope =
        `/subscriptions/${subscription}/resourceGroups/${group}/providers/Microsoft.Storage` +
        `/storageAccounts/${account}/blobServices/default/containers/${container}`;
      assert.deepEqual(
        added.map((one) => [one.scope.toLowerCase(), one.principalId, one.principalType]),
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
      const parameters = { clientID: identity.clientId, skuNmae: "Standard_LRS" };
      await installation.applyClass("misspelt", { parameters });
      await installation.apply(claim("misspelt", "misspelt"));
      const message = await eventually(provisioner, () => eventOf(plane, "misspelt", "ProvisioningFailed"), 30);
      say(`event: ${message}`);
      assert.match(message, /skuNmae/);
      assert.match(message, /skuName/, "the nearest known name is suggested");
      assert.match(message, /InvalidArgument/);
      assert.equal(await plane.kubectl(["get", "pvc", "misspelt", "-o", "jsonpath={.status.phase}"]), "Pending");
      await plane.kubectl(["delete", "pvc", "misspelt"]);
      const held = await driver.admin.state();
      assert.deepEqual(held.containers, heldBefore.containers);
      assert.deepEqual(newRoleAssignments(held, heldBefore), []);
    });
  });

  describe("a claim that is expanded", () => {
    it("grows in the container's metadata and in the PersistentVolume, without a call to any node", async () => {
      await installation.apply(claim("growing", "keyless"));
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

    it("is expanded by a csi-resizer that has no right to watch pods, and does not try", async () => {
      assert.equal(await isAllowed(plane, "watch pods"), false);
      assert.doesNotMatch(await readFile(resizer.logFile, "utf8"), /pods is forbidden/);
    });
  });

  describe("20 claims at once", () => {
    it("become 20 volumes in one account, each with its own role assignment, and are all deleted again", async () => {
      const names = Array.from({ length: 20 }, (_, index) => `many-${index}`);
      const started = Date.now();
      await installation.apply(...names.map((name) => claim(name, "keyless")));
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

  describe("when all volumes are deleted", () => {
    it("no account key was ever requested", async () => {
      const { alarms, counts } = await driver.admin.calls();
      assert.deepEqual(alarms, []);
      say(`Azure calls in all: ${JSON.stringify(counts)}`);
    });

    it("the controller exits with code 0 on SIGTERM", async () => {
      assert.equal(await driver.controller.stop(), 0);
    });
  });
});

/** Whether the controller's ServiceAccount may do this anywhere in kube-system, as the API server's RBAC says. */
async function isAllowed(plane: ControlPlane, action: string): Promise<boolean> {
  const user = "--as=system:serviceaccount:kube-system:keyless-csi-controller";
  const ask = ["auth", "can-i", ...action.split(" "), "--namespace=kube-system", user];
  const answer = await plane.kubectl(ask).catch((error: Error) => error.message); // "no" comes with exit code 1
  return answer.trim() === "yes";
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
