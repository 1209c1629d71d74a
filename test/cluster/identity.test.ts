// One class for all tenants on a real control plane: real claims, pods and ServiceAccounts, the API server's own tokens, and
// hostile tenants who get nothing.
import assert from "node:assert/strict";
import { type Attempt, read, write } from "../../src/commands/demo/workload.ts";
import { trustCloud } from "../../src/commands/trust-cloud.ts";
import { azureAdministrator } from "../support/azure-administrator.ts";
import {
  boundVolume,
  claim,
  eventOf,
  namespace,
  pod,
  serviceAccount,
  type Volume,
} from "../support/cluster-objects.ts";
import type { ControlPlane } from "../support/control-plane.ts";
import type { EmulatedDriver } from "../support/emulated-driver.ts";
import { type Installation, startInstallation, trackFailures } from "../support/installation.ts";
import { openVolume } from "../support/open-volume.ts";
import { eventually, type Program } from "../support/processes.ts";

/** Hostile tenant (2): no annotation, under any name, chooses what the class decides. */
const HOSTILE = Object.fromEntries(
  ["storageAccount", "role", "subscriptionID", "resourceGroup", "principalID", "clientID", "isolation"].flatMap(
    (name) => [
      [`keyless-csi/${name}`, "11111111-1111-4111-8111-111111111111"],
      [name, "11111111-1111-4111-8111-111111111111"],
    ],
  ),
);
const BY_ANNOTATION = { "keyless-csi/service-account": "app" };

describe("identities of ServiceAccounts on a real control plane", function () {
  this.timeout(900_000); // a guard against a hang only; the first run on a machine builds the tools (about 6 minutes)
  let installation: Installation;
  let plane: ControlPlane;
  let driver: EmulatedDriver;
  let provisioner: Program;
  const hasFailed = trackFailures();

  before(async () => {
    installation = await startInstallation({ clusterId: "tenants" });
    ({ plane, driver, provisioner } = installation);
    trustCloud(driver.ready);
    const parameters = { identity: "serviceAccount" };
    await installation.applyClass("keyless", { parameters });
    await installation.applyClass("keyless-late", { parameters, volumeBindingMode: "WaitForFirstConsumer" });
    const azure = azureAdministrator(driver.ready);
    await azure.trust(0, plane.server, "team", "app");
    await azure.trust(1, plane.server, "other", "app");
    const clientIds = driver.ready.identities.map(({ clientId }) => clientId);
    for (const [inNamespace, index] of [
      ["team", 0],
      ["other", 1],
      ["evil", 0], // names the identity of team, which does not trust it
    ] as const) {
      await installation.apply(namespace(inNamespace), serviceAccount("app", inNamespace, clientIds[index] ?? ""));
    }
  });
  after(() => installation?.stop({ keepLogs: hasFailed() }));

  const apply = (object: string) => installation.apply(object);
  /** The volume, opened with a token that the API server issues to the ServiceAccount; storage may refuse it. */
  const open = (volume: Volume, namespace: string, serviceAccount = "app") =>
    openVolume(volume, { plane, ready: driver.ready, namespace, serviceAccount });

  const principalsAt = async (volume: Volume) =>
    (await driver.admin.state()).roleAssignments
      .filter(({ scope }) => scope.endsWith(`/containers/${volume.metadata.name}`))
      .map(({ principalId }) => principalId);
  const principal = (index: number) => driver.ready.identities[index]?.principalId;

  it("a claim used by a pod, of a class that names no id, is bound, and opens to the API server's own token", async () => {
    await apply(claim("data", "keyless-late", { namespace: "team", annotations: HOSTILE }));
    await apply(pod("web", "team", "app", { persistentVolumeClaim: { claimName: "data" } }));
    const selected = "volume.kubernetes.io/selected-node=node-1"; // what a scheduler would write
    await plane.kubectl(["annotate", "pvc", "data", "--namespace=team", selected]);
    const volume = await boundVolume(plane, "data", "team");
    assert.deepEqual(await principalsAt(volume), [principal(0)]);
    const { subscriptionId, resourceGroup } = driver.ready;
    const { subscriptionid, resourcegroup, clientID } = volume.spec.csi.volumeAttributes;
    const chosen = [subscriptionid, resourcegroup, clientID];
    assert.deepEqual(
      chosen,
      [subscriptionId, resourceGroup, driver.ready.identities[0]?.clientId],
      "annotations change nothing",
    );
    const container = open(volume, "team");
    assert.equal((await write(container, "hello", "from the cluster")).status, 201);
    assert.equal((await read(container, "hello")).text, "from the cluster");
    await assert.rejects(
      read(open(volume, "evil"), "hello"),
      /AADSTS70021/,
      "Entra does not exchange another ServiceAccount's token",
    );
    const elsewhere = { ...volume.spec.csi.volumeAttributes, clientID: driver.ready.identities[1]?.clientId ?? "" };
    const asOther = open(
      { ...volume, spec: { ...volume.spec, csi: { ...volume.spec.csi, volumeAttributes: elsewhere } } },
      "other",
    );
    const refused: Attempt[] = [await read(asOther, "hello"), await write(asOther, "hello", "mine")];
    assert.deepEqual(
      refused.map(({ code }) => code),
      Array(2).fill("AuthorizationPermissionMismatch"),
    );
  });

  it("a generic ephemeral volume opens to its pod's ServiceAccount", async () => {
    const template = {
      spec: {
        accessModes: ["ReadWriteOnce"],
        storageClassName: "keyless",
        resources: { requests: { storage: "1Gi" } },
      },
    };
    await apply(pod("scratch", "other", "app", { ephemeral: { volumeClaimTemplate: template } }));
    const name = "scratch-data";
    await eventually(provisioner, () => plane.kubectl(["get", "pvc", name, "--namespace=other"]));
    const volume = await boundVolume(plane, name, "other");
    assert.deepEqual(await principalsAt(volume), [principal(1)]);
    await plane.kubectl(["delete", "pod", "scratch", "--namespace=other", "--grace-period=0", "--force"]);
    await plane.kubectl(["wait", "--for=delete", `pv/${volume.metadata.name}`, "--timeout=60s"]);
    assert.deepEqual(await principalsAt(volume), []);
  });

  it("hostile tenant (1): an annotation that names another tenant's identity gets an event and no volume", async () => {
    const before = await driver.admin.state();
    await apply(claim("theft", "keyless", { namespace: "evil", annotations: BY_ANNOTATION }));
    const message = await eventually(provisioner, () => eventOf(plane, "theft", "ProvisioningFailed", "evil"), 30);
    assert.match(
      message,
      /does not trust system:serviceaccount:evil:app: .* must add a federated credential with issuer https:/,
    );
    console.log(`      event: ${message.slice(0, 200)}...`);
    const after = await driver.admin.state();
    assert.deepEqual([after.containers, after.roleAssignments], [before.containers, before.roleAssignments]);
    await plane.kubectl(["delete", "pvc", "theft", "--namespace=evil"]);
  });

  it("hostile tenant (3): the same claim name in two namespaces is two volumes for two identities", async () => {
    for (const inNamespace of ["team", "other"]) {
      await apply(claim("same", "keyless", { namespace: inNamespace, annotations: BY_ANNOTATION }));
    }
    const [mine, theirs] = [await boundVolume(plane, "same", "team"), await boundVolume(plane, "same", "other")];
    assert.notEqual(mine.spec.csi.volumeHandle, theirs.spec.csi.volumeHandle);
    assert.deepEqual([await principalsAt(mine), await principalsAt(theirs)], [[principal(0)], [principal(1)]]);
  });

  it("hostile tenant (4): a hand-written PersistentVolume with another tenant's live handle deletes nothing", async () => {
    const victim = await boundVolume(plane, "same", "team");
    await write(open(victim, "team"), "precious", "data");
    const forged = {
      apiVersion: "v1",
      kind: "PersistentVolume",
      metadata: { name: "forged", annotations: { "pv.kubernetes.io/provisioned-by": "keyless.blob.csi" } },
      spec: {
        accessModes: ["ReadWriteMany"],
        capacity: { storage: "5Gi" },
        storageClassName: "keyless",
        persistentVolumeReclaimPolicy: "Delete",
        csi: { driver: "keyless.blob.csi", volumeHandle: victim.spec.csi.volumeHandle },
      },
    };
    const asTenant = plane.kubectl(
      ["apply", "-f", "-", "--as=eve", "--as-group=system:authenticated"],
      JSON.stringify(forged),
    );
    await assert.rejects(asTenant, /forbidden/i);
    // An administrator who is talked into it gets past the API server, but not past the controller.
    await apply(JSON.stringify(forged));
    await apply(claim("grab", "keyless", { namespace: "evil", volumeName: "forged" }));
    await boundVolume(plane, "grab", "evil");
    await plane.kubectl(["delete", "pvc", "grab", "--namespace=evil", "--wait=false"]);
    const message = await eventually(provisioner, () => eventOf(plane, "forged", "VolumeFailedDelete"), 30);
    assert.match(message, /exists and is not released/);
    assert.deepEqual(await principalsAt(victim), [principal(0)]);
    assert.equal((await read(open(victim, "team"), "precious")).text, "data");
    await plane.kubectl(["patch", "pv", "forged", "-p", '{"spec":{"persistentVolumeReclaimPolicy":"Retain"}}']);
    await plane.kubectl(["delete", "pv", "forged", "--wait=false"]);
  });

  it("hostile tenant (6): a claim that is deleted and created again under its name does not inherit the old data", async () => {
    const old = await boundVolume(plane, "same", "other");
    await plane.kubectl(["delete", "pvc", "same", "--namespace=other"]);
    await apply(claim("same", "keyless", { namespace: "other", annotations: BY_ANNOTATION }));
    const fresh = await boundVolume(plane, "same", "other");
    assert.notEqual(fresh.spec.csi.volumeHandle, old.spec.csi.volumeHandle);
    await plane.kubectl(["wait", "--for=delete", `pv/${old.metadata.name}`, "--timeout=60s"]);
    assert.deepEqual(await principalsAt(old), []);
  });

  it("nothing is left once all claims are deleted, and no account key was ever requested", async () => {
    for (const inNamespace of ["team", "other", "evil"]) {
      await plane.kubectl([
        "delete",
        "pods,pvc",
        "--all",
        "--namespace",
        inNamespace,
        "--wait=false",
        "--grace-period=0",
        "--force",
      ]);
    }
    await eventually(provisioner, async () => assert.equal((await driver.admin.state()).containers.length, 0), 60);
    const left = (await driver.admin.state()).roleAssignments.filter(({ scope }) => scope.includes("/containers/"));
    assert.deepEqual(left, []);
    assert.deepEqual((await driver.admin.calls()).alarms, []);
  });
});
