// One class for all tenants on a real control plane: real claims, pods and ServiceAccounts, the API server's own tokens, and
// hostile tenants who get nothing.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { type Attempt, read, write } from "../../src/commands/demo/workload.ts";
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
import { type ControlPlane, startControlPlane } from "../support/control-plane.ts";
import { argumentsOf, manifestOf, readManifests, withFlags } from "../support/deployment.ts";
import { type EmulatedDriver, startEmulatedDriver } from "../support/emulated-driver.ts";
import { openVolume } from "../support/open-volume.ts";
import { eventually, logTail, type Program } from "../support/processes.ts";
import { toolPath } from "../support/tools.ts";

/** Hostile tenant (2): what a class decides cannot be chosen by an annotation, under whichever name. */
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
  let plane: ControlPlane;
  let driver: EmulatedDriver;
  let provisioner: Program;
  let hasFailed = true;

  before(async () => {
    for (const tool of ["etcd", "csi-provisioner"] as const) await toolPath(tool);
    plane = await startControlPlane();
    const manifests = await readManifests();
    const objects = manifests.filter(({ kind }) => kind !== "StorageClass");
    await plane.kubectl(["apply", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }));
    // Entra reads the cluster's keys without signing in, as it does on AKS.
    const discovery = "system:service-account-issuer-discovery";
    await plane.kubectl([
      "create",
      "clusterrolebinding",
      "issuer",
      `--clusterrole=${discovery}`,
      "--group=system:unauthenticated",
    ]);
    const kubeconfig = await plane.kubeconfigOf("kube-system", "keyless-csi-controller");
    const controllerFlags = ["--kubernetes", "on", "--kubeconfig", kubeconfig];
    driver = await startEmulatedDriver("tenants", controllerFlags, [
      "--issuer-ca",
      join(plane.folder, "apiserver.crt"),
    ]);
    setDefaultCACertificates([...getCACertificates("default"), await readFile(driver.ready.caFile, "utf8")]);
    provisioner = await plane.start(
      "csi-provisioner",
      withFlags(argumentsOf(manifestOf(manifests, "Deployment"), "csi-provisioner"), {
        "csi-address": driver.socketPath,
        kubeconfig,
      }),
    );
    const shipped = manifestOf(manifests, "StorageClass");
    const parameters = { identity: "serviceAccount" };
    for (const [name, volumeBindingMode] of [
      ["keyless", "Immediate"],
      ["keyless-late", "WaitForFirstConsumer"],
    ]) {
      await plane.kubectl(
        ["apply", "-f", "-"],
        JSON.stringify({ ...shipped, metadata: { name }, parameters, volumeBindingMode }),
      );
    }
    const azure = azureAdministrator(driver.ready);
    await azure.trust(0, plane.server, "team", "app");
    await azure.trust(1, plane.server, "other", "app");
    const clientIds = driver.ready.identities.map(({ clientId }) => clientId);
    for (const [inNamespace, index] of [
      ["team", 0],
      ["other", 1],
      ["evil", 0], // names the identity of team, which does not trust it
    ] as const) {
      await plane.kubectl(["apply", "-f", "-"], namespace(inNamespace));
      await plane.kubectl(["apply", "-f", "-"], serviceAccount("app", inNamespace, clientIds[index] ?? ""));
    }
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

  /** A token of the API server for the ServiceAccount opens the volume, or does not. */
  const open = (volume: Volume, namespace: string, serviceAccount = "app") =>
    openVolume(volume, { plane, ready: driver.ready, namespace, serviceAccount });

  const grantsAt = async (volume: Volume) =>
    (await driver.admin.state()).roleAssignments
      .filter(({ scope }) => scope.endsWith(`/containers/${volume.metadata.name}`))
      .map(({ principalId }) => principalId);
  const principal = (index: number) => driver.ready.identities[index]?.principalId;

  it("a claim and a pod, and a class without any id: bound, and opened by the API server's own token", async () => {
    await plane.kubectl(
      ["apply", "-f", "-"],
      claim("data", "keyless-late", { namespace: "team", annotations: HOSTILE }),
    );
    await plane.kubectl(
      ["apply", "-f", "-"],
      pod("web", "team", "app", { persistentVolumeClaim: { claimName: "data" } }),
    );
    const selected = "volume.kubernetes.io/selected-node=node-1"; // what a scheduler would write
    await plane.kubectl(["annotate", "pvc", "data", "--namespace=team", selected]);
    const volume = await boundVolume(plane, "data", "team");
    assert.deepEqual(await grantsAt(volume), [principal(0)]);
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
      "another ServiceAccount's token is not exchanged",
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

  it("a generic ephemeral volume is opened for its pod's ServiceAccount", async () => {
    const template = {
      spec: {
        accessModes: ["ReadWriteOnce"],
        storageClassName: "keyless",
        resources: { requests: { storage: "1Gi" } },
      },
    };
    await plane.kubectl(
      ["apply", "-f", "-"],
      pod("scratch", "other", "app", { ephemeral: { volumeClaimTemplate: template } }),
    );
    const name = "scratch-data";
    await eventually(provisioner, () => plane.kubectl(["get", "pvc", name, "--namespace=other"]));
    const volume = await boundVolume(plane, name, "other");
    assert.deepEqual(await grantsAt(volume), [principal(1)]);
    await plane.kubectl(["delete", "pod", "scratch", "--namespace=other", "--grace-period=0", "--force"]);
    await plane.kubectl(["wait", "--for=delete", `pv/${volume.metadata.name}`, "--timeout=60s"]);
    assert.deepEqual(await grantsAt(volume), []);
  });

  it("hostile tenant (1): an annotation that names another tenant's identity gets an event and nothing else", async () => {
    const before = await driver.admin.state();
    await plane.kubectl(
      ["apply", "-f", "-"],
      claim("theft", "keyless", { namespace: "evil", annotations: BY_ANNOTATION }),
    );
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
      await plane.kubectl(
        ["apply", "-f", "-"],
        claim("same", "keyless", { namespace: inNamespace, annotations: BY_ANNOTATION }),
      );
    }
    const [mine, theirs] = [await boundVolume(plane, "same", "team"), await boundVolume(plane, "same", "other")];
    assert.notEqual(mine.spec.csi.volumeHandle, theirs.spec.csi.volumeHandle);
    assert.deepEqual([await grantsAt(mine), await grantsAt(theirs)], [[principal(0)], [principal(1)]]);
  });

  it("hostile tenant (4): a hand-made volume with another tenant's live handle deletes nothing", async () => {
    const victim = await boundVolume(plane, "same", "team");
    await write(open(victim, "team"), "precious", "data");
    const forged = {
      apiVersion: "v1",
      kind: "PersistentVolume",
      metadata: { name: "forged", annotations: { "pv.kubernetes.io/provisioned-by": "keyless.blob.csi" } },
      spec: {
        ...{ accessModes: ["ReadWriteMany"], capacity: { storage: "5Gi" }, storageClassName: "keyless" },
        persistentVolumeReclaimPolicy: "Delete",
        csi: { driver: "keyless.blob.csi", volumeHandle: victim.spec.csi.volumeHandle },
      },
    };
    const asTenant = plane.kubectl(
      ["apply", "-f", "-", "--as=eve", "--as-group=system:authenticated"],
      JSON.stringify(forged),
    );
    await assert.rejects(asTenant, /forbidden/i);
    // An administrator who is talked into it gets past the API server; the controller still refuses.
    await plane.kubectl(["apply", "-f", "-"], JSON.stringify(forged));
    await plane.kubectl(["apply", "-f", "-"], claim("grab", "keyless", { namespace: "evil", volumeName: "forged" }));
    await boundVolume(plane, "grab", "evil");
    await plane.kubectl(["delete", "pvc", "grab", "--namespace=evil", "--wait=false"]);
    const message = await eventually(provisioner, () => eventOf(plane, "forged", "VolumeFailedDelete"), 30);
    assert.match(message, /exists and is not released/);
    assert.deepEqual(await grantsAt(victim), [principal(0)]);
    assert.equal((await read(open(victim, "team"), "precious")).text, "data");
    await plane.kubectl(["patch", "pv", "forged", "-p", '{"spec":{"persistentVolumeReclaimPolicy":"Retain"}}']);
    await plane.kubectl(["delete", "pv", "forged", "--wait=false"]);
  });

  it("hostile tenant (6): a claim deleted and made anew under its name does not inherit the old data", async () => {
    const old = await boundVolume(plane, "same", "other");
    await plane.kubectl(["delete", "pvc", "same", "--namespace=other"]);
    await plane.kubectl(
      ["apply", "-f", "-"],
      claim("same", "keyless", { namespace: "other", annotations: BY_ANNOTATION }),
    );
    const fresh = await boundVolume(plane, "same", "other");
    assert.notEqual(fresh.spec.csi.volumeHandle, old.spec.csi.volumeHandle);
    await plane.kubectl(["wait", "--for=delete", `pv/${old.metadata.name}`, "--timeout=60s"]);
    assert.deepEqual(await grantsAt(old), []);
  });

  it("when all claims are gone nothing is left, and no account key was asked for", async () => {
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
