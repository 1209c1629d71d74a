// keyless-csi static: what is printed for a container that exists and for a second ServiceAccount, what it refuses, and that
// Azure holds one role assignment afterwards, which goes with the volume.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { status } from "@grpc/grpc-js";
import { parseAllDocuments } from "yaml";
import { RECOMMENDED_OPTIONS } from "../../src/backend/blob/mount-options.ts";
import { runStatic } from "../../src/commands/static.ts";
import { DATA_ROLE_ID } from "../../src/emulator/seed/roles.ts";
import { roleAssignmentName } from "../../src/volume/names.ts";
import type { StaticObjects } from "../../src/volume/static/objects.ts";
import { startAppInCluster } from "../support/app-in-cluster.ts";
import { create, type EmulatedApp } from "../support/emulated-app.ts";
import { addAccount, addContainer } from "../support/existing-container.ts";
import { type FakeCluster, persistentVolumeOf, SHIPPED_DRIVER } from "../support/fake-cluster.ts";
import { heldContainers, heldRoleAssignments } from "../support/held.ts";
import { refused } from "../support/refused.ts";
import { SAFE_MOUNT } from "../support/safe-mount.ts";
import { createSink } from "../support/sink.ts";
import { repository } from "../support/sources.ts";

const ACCOUNT = "contosodata";
const READER = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1";
const CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe";

/** A list shows a role assignment late: what deletion finds without it, it finds by the name. */
const LAG = { assignmentListLagMs: 600_000 };

describe("static", () => {
  let app: EmulatedApp;
  let cluster: FakeCluster;
  before(async () => {
    ({ app, cluster } = await startAppInCluster([], { settings: LAG }));
    const [a, b] = app.emulator.info.identities;
    cluster.namespaces.set("demo", "uid-demo");
    cluster.serviceAccounts.set("demo/workload-a", a?.clientId ?? "");
    cluster.serviceAccounts.set("demo/workload-b", b?.clientId ?? "");
    cluster.serviceAccounts.set("demo/stranger", a?.clientId ?? "");
    addAccount(app.emulator, ACCOUNT);
  });
  after(() => app.stop());

  type Values = Omit<Partial<Parameters<typeof runStatic>[0]["values"]>, "serviceAccount">;

  /** Runs the command; `objects` as kubectl reads them, `report` without the log. */
  async function run(who: string, values: Values) {
    const [namespace = "", name = ""] = who.split("/");
    const [out, err] = [createSink(), createSink()];
    const streams = { stdout: out.stream, stderr: err.stream };
    const asked = { serviceAccount: { namespace, name }, assign: false, ...values };
    const code = await runStatic({ config: app.config, values: asked, cluster, ...streams });
    const objects = parseAllDocuments(out.text()).map((document) => document.toJS() as unknown);
    const [persistentVolume, claim] = objects as [StaticObjects["persistentVolume"]?, StaticObjects["claim"]?];
    const report = err
      .text()
      .split("\n")
      .filter((line) => !line.startsWith("{"))
      .join("\n");
    return { code, report, text: report.replaceAll(/\s+/g, " "), out: out.text(), persistentVolume, claim };
  }
  let containers = 0;
  function container() {
    containers += 1;
    const name = `reports-${containers}`;
    return { name, id: addContainer(app.emulator, ACCOUNT, name) };
  }
  const ofContainer = (name: string) => ({ storageAccount: { name: ACCOUNT }, container: name });
  const principal = (index: number) => app.emulator.info.identities[index]?.principalId ?? "";
  const clientId = (index: number) => app.emulator.info.identities[index]?.clientId ?? "";
  const assignedAt = (scope: string) =>
    heldRoleAssignments(app.emulator.world).filter((each) => each.scope.toLowerCase() === scope.toLowerCase());
  const written = () => app.armCalls().filter(({ method }) => method !== "GET");

  describe("for a container that exists", () => {
    it("prints a volume, a claim and the command that gives access, and writes nothing", async () => {
      const { name, id } = container();
      app.forgetCalls();
      const { code, text, persistentVolume, claim } = await run("demo/workload-a", ofContainer(name));
      assert.equal(code, 3);
      assert.deepEqual(written(), []);
      const { subscriptionId, resourceGroup, tenantId } = app.emulator.info;
      const { storageEndpointSuffix, ...attributes } = persistentVolume?.spec.csi.volumeAttributes ?? {};
      assert.ok(storageEndpointSuffix, "of the emulator's cloud");
      assert.deepEqual(attributes, {
        mountWithWorkloadIdentityToken: "true",
        clientID: clientId(0),
        tenantID: tenantId,
        storageaccount: ACCOUNT,
        containerName: name,
        resourcegroup: resourceGroup,
        subscriptionid: subscriptionId,
        BlobStorageAccountType: "block",
        protocol: "fuse2",
      });
      assert.equal(persistentVolume?.metadata.name, `demo-${name}`);
      assert.equal(persistentVolume?.spec.csi.driver, "keyless.blob.csi");
      assert.equal(persistentVolume?.spec.persistentVolumeReclaimPolicy, "Retain");
      assert.deepEqual(persistentVolume?.spec.claimRef, { namespace: "demo", name });
      assert.deepEqual(persistentVolume?.spec.mountOptions, RECOMMENDED_OPTIONS);
      assert.deepEqual(claim?.metadata, { namespace: "demo", name });
      assert.equal(claim?.spec.volumeName, `demo-${name}`);
      const assignment = roleAssignmentName(id, principal(0), DATA_ROLE_ID);
      assert(text.includes(`missing the identity has no access`), text);
      assert(
        text.includes(`az role assignment create --name ${assignment} \\ --assignee-object-id ${principal(0)}`),
        text,
      );
      assert(text.includes(`--role ${DATA_ROLE_ID} \\ --scope ${id}`), text);
      assert.match(
        text,
        /only administrators create the PersistentVolume \(the groups system:masters and keyless-csi:administrators/,
      );
    });

    it("makes the role assignment when it is asked to, once, under the computed name", async () => {
      const { name, id } = container();
      const first = await run("demo/workload-a", { ...ofContainer(name), assign: true });
      assert.equal(first.code, 0);
      assert.deepEqual(
        assignedAt(id).map(({ name, principalId }) => ({ name, principalId })),
        [{ name: roleAssignmentName(id, principal(0), DATA_ROLE_ID), principalId: principal(0) }],
      );
      const again = await run("demo/workload-a", { ...ofContainer(name), assign: true });
      assert.equal(again.code, 0);
      assert.match(again.text, /ok the identity has access: role \S+ at \S+, of this controller's name/);
      assert.equal(again.out, first.out);
      assert.equal(assignedAt(id).length, 1);
      // The data is somebody else's.
      assert.deepEqual(app.emulator.world.containers.get(`${ACCOUNT}/${name}`)?.metadata, {});
    });

    it("takes an account by its ARM id, wherever it is", async () => {
      const { name, id } = container();
      const { subscriptionId, resourceGroup } = app.emulator.info;
      const storageAccount = { subscriptionId, resourceGroup: resourceGroup.toUpperCase(), name: ACCOUNT };
      const { persistentVolume } = await run("demo/workload-a", { storageAccount, container: name });
      assert.equal(persistentVolume?.spec.csi.volumeAttributes["resourcegroup"], resourceGroup.toUpperCase());
      assert.deepEqual(assignedAt(id), []);
    });

    it("finds access that others have given above the container, by a built-in role", async () => {
      const { name } = container();
      const { id: scope, name: account } = addAccount(app.emulator, "contososhared");
      const id = addContainer(app.emulator, account, name);
      allow(scope, CONTRIBUTOR);
      const { code, text } = await run("demo/workload-a", {
        storageAccount: { name: account },
        container: name,
        assign: true,
      });
      assert.equal(code, 0);
      assert.match(text, new RegExp(`has access: role ${CONTRIBUTOR} at ${scope}, made by others`));
      assert.deepEqual(assignedAt(id), []);
    });

    it("does not take a role that only reads, or access to another container, for access", async () => {
      const { name: account, id: scope } = addAccount(app.emulator, "contosoread");
      addContainer(app.emulator, account, "reports");
      allow(scope, READER);
      allow(addContainer(app.emulator, account, "reports-2"), CONTRIBUTOR);
      const { code, text } = await run("demo/workload-a", { storageAccount: { name: account }, container: "reports" });
      assert.equal(code, 3);
      assert.match(text, /missing the identity has no access to the container yet/);
    });

    it("says who else names the container", async () => {
      const { name } = container();
      const attributes = { storageAccount: ACCOUNT, containerName: name };
      cluster.persistentVolumes.push({ name: "others", handle: "made-by-hand", attributes, phase: "Bound" });
      const { text, out } = await run("demo/workload-a", ofContainer(name));
      assert.match(text, new RegExp(`note PersistentVolume others names container ${name} too`));
      assert.notEqual(out, "");
    });

    function allow(scope: string, roleDefinitionName: string) {
      const name = randomUUID();
      app.emulator.world.roleAssignments.set(name, {
        ...{ name, scope, roleDefinitionName, principalId: principal(0), principalType: "ServicePrincipal" },
        ...{ tenantId: app.emulator.info.tenantId, createdAt: -LAG.assignmentListLagMs, effectiveFrom: 0 },
      });
    }

    it("names what no longer keeps everybody out who has no Entra identity, and gives no access", async () => {
      addAccount(app.emulator, "contosoopen", { allowSharedKeyAccess: true, allowBlobPublicAccess: true });
      const id = addContainer(app.emulator, "contosoopen", "reports");
      const open = { storageAccount: { name: "contosoopen" }, container: "reports", assign: true };
      const { code, text, out } = await run("demo/workload-a", open);
      assert.equal(code, 3);
      assert.equal(out, "");
      assert.match(
        text,
        /wrong storage account contosoopen .* is not keyless: shared key access is on .*, anonymous access is on/,
      );
      assert.match(text, /docs\/how-to\/migrate\.md/);
      assert.deepEqual(assignedAt(id), []);
      const migrating = await run("demo/workload-a", { ...open, notKeylessYet: true });
      assert.equal(migrating.code, 3);
      assert.match(migrating.text, /missing storage account contosoopen .* is not keyless/);
      assert.equal(migrating.persistentVolume?.spec.csi.volumeAttributes["storageaccount"], "contosoopen");
      assert.equal(assignedAt(id).length, 1);
    });

    it("gives no access to an identity that does not trust the ServiceAccount, and says what its owner runs", async () => {
      const { name, id } = container();
      const { code, text, out } = await run("demo/stranger", { ...ofContainer(name), assign: true });
      assert.deepEqual({ code, out }, { code: 3, out: "" });
      assert.match(
        text,
        /wrong identity \S+ does not trust system:serviceaccount:demo:stranger: the identity's owner must add/,
      );
      assert.match(text, /az identity federated-credential create --name keyless-csi-\S+ .*--identity-name workload-a/);
      assert.deepEqual(assignedAt(id), []);
      const identity = [...app.emulator.world.identities.values()].find(({ name }) => name === "workload-a");
      assert.equal(identity?.federatedCredentials.size, 1);
    });

    it("reports all that is wrong at once", async () => {
      const missing = { storageAccount: { name: "nowhere" }, container: "reports" };
      const { code, text } = await run("demo/nobody", missing);
      assert.equal(code, 3);
      assert.match(text, /wrong storage account nowhere does not exist in resource group/);
      assert.match(text, /wrong ServiceAccount demo\/nobody does not exist/);
      const { text: other } = await run("demo/workload-a", ofContainer("no-such"));
      assert.match(other, /wrong container no-such does not exist in storage account contosodata/);
    });

    it("prints it for the shared node plugin, whose CSIDriver must pass tokens", async () => {
      const { name } = container();
      const shared = { ...ofContainer(name), nodeMode: "shared" as const };
      const { code, text, out } = await run("demo/workload-a", shared);
      assert.deepEqual({ code, out }, { code: 3, out: "" });
      assert.match(text, /wrong CSIDriver blob\.csi\.azure\.com does not exist/);
      cluster.csiDrivers.set("blob.csi.azure.com", SHIPPED_DRIVER);
      const { persistentVolume, text: fine } = await run("demo/workload-a", shared);
      assert.equal(persistentVolume?.spec.csi.driver, "blob.csi.azure.com");
      assert.match(fine, /Only somebody who may write PersistentVolumes can create this one/);
    });

    it("does not print a second volume under the name of another one", async () => {
      const { name } = container();
      const others = { name: "demo-taken", handle: "x#y#z", attributes: {}, phase: "Bound" };
      cluster.persistentVolumes.push(others);
      const { code, text, out } = await run("demo/workload-a", { ...ofContainer(name), name: "taken" });
      assert.deepEqual({ code, out }, { code: 3, out: "" });
      assert.match(text, /wrong PersistentVolume demo-taken exists and is another volume: give another --name/);
    });

    it("prints what deploy/examples/existing-container.yaml shows, but for the handle", async () => {
      cluster.serviceAccounts.set("default/app", clientId(0));
      const identity = [...app.emulator.world.identities.values()].find(({ name }) => name === "workload-a");
      const [trust] = [...(identity?.federatedCredentials.values() ?? [])];
      assert(identity && trust);
      identity.federatedCredentials.set("app", { ...trust, name: "app", subject: "system:serviceaccount:default:app" });
      addContainer(app.emulator, ACCOUNT, "reports");
      const { persistentVolume, claim } = await run("default/app", ofContainer("reports"));
      identity.federatedCredentials.delete("app");
      const file = join(repository, "deploy/examples/existing-container.yaml");
      const filled = (await readFile(file, "utf8"))
        .replaceAll("ACCOUNT", ACCOUNT)
        .replaceAll("GROUP", app.emulator.info.resourceGroup)
        .replaceAll("SUBSCRIPTION", app.emulator.info.subscriptionId)
        .replaceAll("CLIENT", clientId(0))
        .replaceAll("TENANT", app.emulator.info.tenantId);
      const [volume, own] = parseAllDocuments(filled).map((document) => document.toJS());
      assert.deepEqual(own, claim);
      volume.spec.csi.volumeHandle = persistentVolume?.spec.csi.volumeHandle;
      volume.spec.csi.volumeAttributes.storageEndpointSuffix = "core.windows.net"; // of the emulator, a cloud of its own
      assert.deepEqual(volume, persistentVolume);
    });

    it("prints a handle by which no DeleteVolume touches the data", async () => {
      const { name } = container();
      const { persistentVolume } = await run("demo/workload-a", ofContainer(name));
      const handle = persistentVolume?.spec.csi.volumeHandle ?? "";
      assert.match(handle, new RegExp(`^${ACCOUNT}-[a-z2-7]{8}_${name}$`));
      await app.csi.controller("DeleteVolume", { volume_id: handle });
      assert(app.emulator.world.containers.has(`${ACCOUNT}/${name}`));
    });
  });

  describe("for a second ServiceAccount", () => {
    /** A volume of ServiceAccount demo/workload-a, bound to a claim. */
    async function provision(parameters: Record<string, string> = {}) {
      const uid = randomUUID();
      const claim = { namespace: "demo", name: `data-${uid.slice(0, 8)}`, uid };
      cluster.claims.set(`demo/${claim.name}`, { uid, isBoundLate: false, serviceAccount: "workload-a" });
      const volume = await create(app, {
        name: `pvc-${uid}`,
        volume_capabilities: [{ mount: SAFE_MOUNT, access_mode: { mode: "MULTI_NODE_MULTI_WRITER" } }],
        parameters: {
          identity: "serviceAccount",
          ...parameters,
          "csi.storage.k8s.io/pvc/name": claim.name,
          "csi.storage.k8s.io/pvc/namespace": "demo",
        },
      });
      const bound = persistentVolumeOf(volume, `pvc-${uid}`, claim);
      cluster.persistentVolumes.push(bound);
      const [, account = "", containerName = ""] = volume.volume_id.split("#");
      const scope = `${app.emulator.world.accounts.get(account)?.id}/blobServices/default/containers/${containerName}`;
      return { name: bound.name, claim: claim.name, id: volume.volume_id, bound, scope, account, containerName };
    }
    /** The phase of a PersistentVolume in the cluster. */
    function setPhase(name: string, phase: string) {
      const index = cluster.persistentVolumes.findIndex((each) => each.name === name);
      const found = cluster.persistentVolumes[index] ?? assert.fail(`no PersistentVolume ${name}`);
      cluster.persistentVolumes[index] = { ...found, phase };
    }
    const remove = (id: string) => app.csi.controller("DeleteVolume", { volume_id: id });
    const principalsAt = (scope: string) =>
      assignedAt(scope)
        .map(({ principalId }) => principalId)
        .sort();

    it("prints a volume of its own for the same data, with the first one's options", async () => {
      const { name, claim, bound, containerName, scope } = await provision();
      const index = cluster.persistentVolumes.indexOf(bound);
      const larger = {
        ...bound,
        mountOptions: ["-o allow_other", "--block-cache", "--block-cache-block-size=16"],
        capacity: "7Gi",
      };
      cluster.persistentVolumes[index] = larger;
      const { code, text, persistentVolume, claim: second } = await run("demo/workload-b", { volume: name });
      assert.equal(code, 3);
      assert.deepEqual(persistentVolume?.spec.csi.volumeAttributes, { ...bound.attributes, clientID: clientId(1) });
      assert.deepEqual(persistentVolume?.spec.mountOptions, larger.mountOptions);
      assert.equal(persistentVolume?.spec.capacity.storage, "7Gi");
      assert.deepEqual(second?.metadata, { namespace: "demo", name: `${claim}-workload-b` });
      assert.notEqual(persistentVolume?.spec.csi.volumeHandle, bound.handle);
      assert(persistentVolume?.spec.csi.volumeHandle.includes(containerName));
      assert.match(text, /its data stays until this PersistentVolume is gone or Released/);
      assert.deepEqual(principalsAt(scope), [principal(0)]);
    });

    for (const [where, parameters] of [
      ["containers", {}],
      ["accounts", { isolation: "namespace", grantScope: "account" }],
    ] as const) {
      it(`with role assignments at ${where}: it keeps the data while it is there, and its access goes with the volume`, async () => {
        const { name, id, scope, account, containerName } = await provision(parameters);
        const { code, persistentVolume } = await run("demo/workload-b", { volume: name, assign: true });
        assert.equal(code, 0);
        assert(principalsAt(scope).includes(principal(1)));
        const { metadata } = app.emulator.world.containers.get(`${account}/${containerName}`) ?? assert.fail();
        assert.deepEqual(metadata["keyless_principals"]?.split(" "), [principal(1), principal(0)]);
        const { csi, claimRef } = persistentVolume?.spec ?? assert.fail("nothing was printed");
        const { volumeHandle: handle, volumeAttributes: attributes } = csi;
        const second = { name: persistentVolume?.metadata.name ?? "", handle, attributes, phase: "Bound" };
        cluster.persistentVolumes.push({ ...second, claim: { ...claimRef, uid: randomUUID() } });

        setPhase(name, "Released");
        await refused(remove(id), status.FAILED_PRECONDITION, `PersistentVolume ${second.name} (Bound, claim demo/`);
        assert(principalsAt(scope).includes(principal(1)), "nothing was touched");
        setPhase(second.name, "Released");
        await remove(id);
        assert.deepEqual(principalsAt(scope), []);
        assert(!heldContainers(app.emulator.world).some((each) => each.name === containerName));
      });
    }

    it("gives no access to one whose identity does not trust it", async () => {
      const { name, scope } = await provision();
      cluster.serviceAccounts.set("demo/impostor", clientId(1));
      const { code, text, out } = await run("demo/impostor", { volume: name, assign: true });
      assert.deepEqual({ code, out }, { code: 3, out: "" });
      assert.match(text, /does not trust system:serviceaccount:demo:impostor/);
      assert.deepEqual(principalsAt(scope), [principal(0)]);
    });

    it("says that the claim serves a ServiceAccount of the same identity and namespace already", async () => {
      const { name, claim } = await provision();
      const { code, text, out } = await run("demo/workload-a", { volume: name });
      assert.deepEqual({ code, out }, { code: 0, out: "" });
      assert.match(text, new RegExp(`its pods can use claim demo/${claim} as it is`));
    });

    it("opens neither a volume that is being deleted nor one that others have made", async () => {
      const { name, scope } = await provision();
      setPhase(name, "Released");
      const released = await run("demo/workload-b", { volume: name, assign: true });
      assert.match(
        released.text,
        new RegExp(`wrong PersistentVolume ${name} is Released: it is not opened for others`),
      );
      cluster.persistentVolumes.push({ name: "theirs", handle: "rg#acc#c#uuid", attributes: {}, phase: "Bound" });
      const theirs = await run("demo/workload-b", { volume: "theirs", assign: true });
      assert.match(theirs.text, /wrong PersistentVolume theirs was not made by this controller/);
      const { resourceGroup, subscriptionId } = app.emulator.info;
      const id = addContainer(app.emulator, ACCOUNT, "forged");
      const handle = `${resourceGroup}#${ACCOUNT}#forged###${subscriptionId}`;
      cluster.persistentVolumes.push({ name: "forged", handle, attributes: {}, phase: "Bound" });
      const { text } = await run("demo/workload-b", { volume: "forged", assign: true });
      assert.match(text, /wrong container forged in storage account contosodata .* was not made by this controller/);
      assert.deepEqual(assignedAt(id), []);
      assert.deepEqual(principalsAt(scope), [principal(0)]);
    });

    it("does not print options with which two pods of a node lose data", async () => {
      const { name, bound } = await provision();
      cluster.persistentVolumes[cluster.persistentVolumes.indexOf(bound)] = {
        ...bound,
        mountOptions: ["-o allow_other"],
      };
      const { code, text, out } = await run("demo/workload-b", { volume: name, assign: true });
      assert.deepEqual({ code, out }, { code: 3, out: "" });
      assert.match(text, /wrong the volume's mountOptions lose data when two pods of a node use it/);
    });
  });
});
