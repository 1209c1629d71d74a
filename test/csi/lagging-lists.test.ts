// Azure's lists, and its reads by name, do not show a role assignment at once: access ends all the same, because the container's
// metadata named the principal before the role was assigned.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { status } from "@grpc/grpc-js";
import { assignmentCondition } from "../../src/commands/roles/assignment-condition.ts";
import { DATA_ROLE_ID, EARLIER_DATA_ROLE_ID } from "../../src/emulator/seed/roles.ts";
import { roleAssignmentName } from "../../src/volume/names.ts";
import { create, createRequest, type EmulatedApp, startEmulatedApp } from "../support/emulated-app.ts";
import { createFakeCluster, type FakeCluster } from "../support/fake-cluster.ts";
import { heldContainers, heldRoleAssignments } from "../support/held.ts";
import { refused } from "../support/refused.ts";
import { SAFE_MOUNT } from "../support/safe-mount.ts";

const FORMER_ROLE = "ba92f5b4-2d11-453d-a403-e96b0029c9fe";
const LAG = { assignmentListLagMs: 30_000, assignmentReadLagMs: 15_000 };

describe("while lists of role assignments lag", () => {
  let app: EmulatedApp;
  let cluster: FakeCluster;
  const start = async (flags: string[] = [], settings: object = LAG) => {
    app = await startEmulatedApp(flags, {
      settings,
      clusterFor: (emulator) => {
        cluster = createFakeCluster(emulator.issuer.issuer);
        cluster.namespaces.set("demo", "uid-demo");
        const [a, b] = emulator.info.identities;
        cluster.serviceAccounts.set("demo/workload-a", a?.clientId ?? "");
        cluster.serviceAccounts.set("demo/workload-b", b?.clientId ?? "");
        return cluster;
      },
    });
  };
  afterEach(() => app.stop());

  function claim(parameters: Record<string, string>, serviceAccount?: string) {
    const uid = randomUUID();
    const ref = { namespace: "demo", name: `claim-${uid.slice(0, 8)}` };
    annotate(ref.name, uid, serviceAccount);
    return {
      uid,
      claimName: ref.name,
      name: `pvc-${uid}`,
      volume_capabilities: [{ mount: SAFE_MOUNT, access_mode: { mode: "SINGLE_NODE_WRITER" as const } }],
      parameters: {
        ...parameters,
        "csi.storage.k8s.io/pvc/name": ref.name,
        "csi.storage.k8s.io/pvc/namespace": ref.namespace,
      },
    };
  }
  const annotate = (name: string, uid: string, serviceAccount?: string) =>
    cluster.claims.set(`demo/${name}`, { uid, isBoundLate: false, ...(serviceAccount && { serviceAccount }) });
  const clientId = (index: number) => app.emulator.info.identities[index]?.clientId ?? "";
  const principal = (index: number) => app.emulator.info.identities[index]?.principalId ?? "";
  const assigned = () => heldRoleAssignments(app.emulator.world).filter(({ description }) => description !== undefined);
  const principalsAt = (part: string) =>
    assigned()
      .filter(({ scope }) => scope.endsWith(part))
      .map(({ principalId }) => principalId);
  const containerOf = (id: string) => {
    const key = id.split("#").slice(1, 3).join("/");
    return app.emulator.world.containers.get(key) ?? assert.fail("no container");
  };
  const principalsOf = (id: string) => containerOf(id).metadata["keyless_principals"]?.split(" ");
  const remove = (id: string) => app.csi.controller("DeleteVolume", { volume_id: id });
  const assignmentDeletes = () =>
    app.armCalls().filter(({ method, operation }) => method === "DELETE" && operation.startsWith("roleAssignments"));

  for (const [what, parameters] of [
    ["in a pool", {}],
    ["in an account of its own", { isolation: "volume" }],
    ["in an account of its own, with the role at the account", { isolation: "volume", grantScope: "account" }],
    ["in a namespace's account", { isolation: "namespace" }],
    ["in a namespace's account, with the role at the account", { isolation: "namespace", grantScope: "account" }],
  ] as const) {
    it(`DeleteVolume right after CreateVolume leaves no role assignment: ${what}`, async () => {
      await start();
      const volume = await create(app, claim({ clientID: clientId(0), ...parameters }));
      assert.equal(assigned().length, 1);
      await remove(volume.volume_id);
      assert.deepEqual(assigned(), []);
      assert.deepEqual(heldContainers(app.emulator.world), []);
    });
  }

  for (const isolation of ["volume", "namespace"]) {
    for (const operation of ["roleAssignments/delete", "containers/delete"]) {
      it(`a deletion that failed after ${operation} leaves no role assignment at the account of a ${isolation}`, async () => {
        await start();
        const { volume_id: id } = await create(app, claim({ clientID: clientId(0), isolation, grantScope: "account" }));
        const action = { status: 409, code: "Conflict", when: "after" } as const;
        app.emulator.faults.add({ match: { operation }, times: 9, action });
        await assert.rejects(remove(id));
        app.emulator.faults.clear();
        await remove(id);
        assert.deepEqual([assigned(), heldContainers(app.emulator.world)], [[], []]);
      });
    }
  }

  it("a claim that is annotated with another ServiceAccount leaves one identity on its volume, and DeleteVolume none", async () => {
    await start();
    const request = claim({ identity: "serviceAccount" }, "workload-a");
    const { volume_id: id } = await create(app, request);
    annotate(request.claimName, request.uid, "workload-b");
    assert.equal((await create(app, request)).volume_id, id);
    assert.deepEqual(principalsAt(request.name), [principal(1)]);
    annotate(request.claimName, request.uid, "workload-a");
    await create(app, request);
    assert.deepEqual(principalsAt(request.name), [principal(0)]);
    await remove(id);
    assert.deepEqual(assigned(), []);
  });

  for (const settings of [LAG, {}]) {
    it(`and so in an account of its own, with the role at the account: ${JSON.stringify(settings)}`, async () => {
      await start([], settings);
      const own = { isolation: "volume", grantScope: "account" };
      const request = claim({ identity: "serviceAccount", ...own }, "workload-a");
      const { volume_id: id } = await create(app, request);
      const [, account = ""] = id.split("#");
      annotate(request.claimName, request.uid, "workload-b");
      assert.equal((await create(app, request)).volume_id, id);
      assert.deepEqual(principalsAt(account), [principal(1)]);
      await remove(id);
      assert.deepEqual(assigned(), []);
    });
  }

  it("while in a namespace's account another identity keeps the role at the account: another volume may need it", async () => {
    await start();
    const request = claim({ identity: "serviceAccount", isolation: "namespace", grantScope: "account" }, "workload-a");
    const { volume_id: id } = await create(app, request);
    const [, account = ""] = id.split("#");
    annotate(request.claimName, request.uid, "workload-b");
    await create(app, request);
    assert.deepEqual(principalsAt(account).sort(), [principal(0), principal(1)].sort());
    await remove(id);
    assert.deepEqual(assigned(), []);
  });

  it("a class that is corrected after a failed attempt leaves one identity on the volume", async () => {
    await start();
    const request = claim({ clientID: clientId(0) });
    const { volume_id: id } = await create(app, request);
    await create(app, { ...request, parameters: { ...request.parameters, clientID: clientId(1) } });
    assert.deepEqual(principalsAt(request.name), [principal(1)]);
    assert.equal(containerOf(id).metadata["keyless_principals"], `${principal(1)} ${principal(0)}`);
  });

  it("a repeated CreateVolume takes nothing from the claim's present identity", async () => {
    await start();
    const request = claim({ identity: "serviceAccount" }, "workload-a");
    await create(app, request);
    app.forgetCalls();
    await create(app, request);
    assert.deepEqual(assignmentDeletes(), []);
    assert.deepEqual(principalsAt(request.name), [principal(0)]);
  });

  it("the container names the principal before the role is assigned: a new one by the PUT that makes it", async () => {
    await start();
    app.emulator.faults.add({
      match: { method: "PUT", path: "roleAssignments" },
      times: 9,
      action: { status: 403, code: "AuthorizationFailed" },
    });
    const request = claim({ clientID: clientId(0) });
    await refused(app.csi.controller("CreateVolume", request), status.UNAVAILABLE, /assigning role/);
    const [container] = heldContainers(app.emulator.world);
    assert.equal(container?.metadata["keyless_principals"], principal(0));
  });

  it("a container that does not name it yet is given its name first: while that fails, no role is assigned", async () => {
    await start();
    const request = claim({ clientID: clientId(0) });
    const { volume_id: id } = await create(app, request);
    const container = containerOf(id);
    const { keyless_principals: _, ...older } = container.metadata;
    container.metadata = older;
    for (const { name } of assigned()) app.emulator.world.roleAssignments.delete(name);
    app.emulator.faults.add({
      match: { method: "PATCH", path: "/containers/" },
      times: 9,
      action: { status: 403, code: "AuthorizationFailed" },
    });
    await refused(app.csi.controller("CreateVolume", request), status.UNAVAILABLE, /updating the metadata/);
    assert.deepEqual(assigned(), []);
    app.emulator.faults.clear();
    await create(app, request);
    assert.equal(containerOf(id).metadata["keyless_principals"], principal(0));
    assert.deepEqual(principalsAt(request.name), [principal(0)]);
  });

  it("a container names an identity also where another volume has just got it the role at the account", async () => {
    await start([], { assignmentListLagMs: LAG.assignmentListLagMs });
    const shared = { identity: "serviceAccount", isolation: "namespace", grantScope: "account" };
    const request = claim(shared, "workload-a");
    const volume = await create(app, request);
    const other = await create(app, claim(shared, "workload-b"));
    annotate(request.claimName, request.uid, "workload-b");
    await create(app, request);
    assert.deepEqual(principalsOf(volume.volume_id), [principal(1), principal(0)]);
    await remove(other.volume_id);
    assert.equal(assigned().length, 2);
    await remove(volume.volume_id);
    assert.deepEqual(assigned(), [], "no list shows either of them yet");
  });

  it("what a workload writes there costs 8 calls at most, and touches nothing of others", async () => {
    await start();
    const victim = await create(app, createRequest(app.emulator, { clientID: clientId(1) }));
    const { volume_id: id } = await create(app, createRequest(app.emulator));
    const container = containerOf(id);
    const forged = [principal(1), ...Array.from({ length: 199 }, () => randomUUID())];
    container.metadata = { ...container.metadata, keyless_principals: forged.join(" ") };
    app.forgetCalls();
    await remove(id);
    assert.equal(assignmentDeletes().length, 8);
    assert.deepEqual(principalsAt(victim.volume_id.split("#")[2] ?? "-"), [principal(1)]);
  });

  it("and takes no role at an account in which others have volumes", async () => {
    await start();
    const shared = { isolation: "namespace", grantScope: "account" };
    await create(app, claim({ clientID: clientId(1), ...shared }));
    const { volume_id: id } = await create(app, claim({ clientID: clientId(0), ...shared }));
    const container = containerOf(id);
    container.metadata = { ...container.metadata, keyless_principals: `${principal(0)} ${principal(1)}` };
    const before = structuredClone(assigned());
    await remove(id);
    assert.equal(before.length, 2);
    assert.deepEqual(assigned(), before, "untouched, and not only put back");
  });

  describe("and --role was changed", () => {
    /** A volume that is open by the former role alone. */
    async function createdBefore(flags: string[], settings: object): Promise<string> {
      await start(flags, settings);
      const { volume_id: id } = await create(app, createRequest(app.emulator));
      const [present] = assigned();
      assert(present);
      const name = roleAssignmentName(present.scope, present.principalId, FORMER_ROLE);
      app.emulator.world.roleAssignments.delete(present.name);
      app.emulator.world.roleAssignments.set(name, { ...present, name, roleDefinitionName: FORMER_ROLE });
      return id;
    }
    /** What applying `keyless-csi roles --role new,old` does. */
    const allowFormer = () => {
      for (const each of app.emulator.world.roleAssignments.values()) {
        if (each.condition !== undefined) {
          each.condition = each.condition.replaceAll(DATA_ROLE_ID, `${DATA_ROLE_ID}, ${FORMER_ROLE}`);
        }
      }
    };

    it("an assignment of the former role is found by its name too", async () => {
      const id = await createdBefore(["--role", `${DATA_ROLE_ID},${FORMER_ROLE}`], LAG);
      allowFormer();
      await remove(id);
      assert.deepEqual(assigned(), []);
    });

    it("a right that lacks the former role is reported with that role and the command, and the data stays", async () => {
      const id = await createdBefore([], {});
      const fix = `--role ${[DATA_ROLE_ID, EARLIER_DATA_ROLE_ID, FORMER_ROLE].join(",")}`;
      const message = new RegExp(
        `^role ${FORMER_ROLE} may not be taken .* \`keyless-csi roles ${fix}\` with its other`,
      );
      await refused(remove(id), status.UNAVAILABLE, message);
      assert.equal(assigned().length, 1);
      assert.equal(heldContainers(app.emulator.world).length, 1);
      allowFormer();
      await remove(id);
      assert.deepEqual([assigned(), heldContainers(app.emulator.world)], [[], []]);
    });
  });

  it("a right that lacks a principal since is reported with that principal, and what to add", async () => {
    await start([], {});
    const { volume_id: id } = await create(app, createRequest(app.emulator));
    for (const each of app.emulator.world.roleAssignments.values()) {
      if (each.condition === undefined) continue;
      const limits = { roleIds: [DATA_ROLE_ID], controllerPrincipalId: each.principalId } as const;
      each.condition = assignmentCondition({ ...limits, principalIds: [principal(1)] });
    }
    const message = new RegExp(
      `may not be taken from principal ${principal(0)}: .*\\(add ${principal(0)} to --principals, where it has that\\)`,
    );
    await refused(remove(id), status.UNAVAILABLE, message);
    assert.equal(assigned().length, 1);
  });

  it("without a lag, what the list has shown is removed once, and nothing else is asked for", async () => {
    await start([], {});
    for (const parameters of [{}, { isolation: "namespace", "csi.storage.k8s.io/pvc/namespace": "demo" }]) {
      const { volume_id: id } = await create(app, claim({ clientID: clientId(0), ...parameters }));
      app.forgetCalls();
      await remove(id);
      const calls = app.armCalls().map(({ method, operation }) => `${method} ${operation}`);
      assert.deepEqual(calls.sort(), [
        "DELETE containers/delete",
        "DELETE roleAssignments/delete",
        "GET containers/get",
        "GET roleAssignments/list",
        "GET storageAccounts/get",
      ]);
    }
  });
});
