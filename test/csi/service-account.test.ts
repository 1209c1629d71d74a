// `identity: serviceAccount`: one class for all tenants. What a tenant writes chooses a ServiceAccount of its own namespace,
// and nothing else; an identity is granted only to whom it already trusts.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { status } from "@grpc/grpc-js";
import { startAppInCluster } from "../support/app-in-cluster.ts";
import { create, type EmulatedApp } from "../support/emulated-app.ts";
import type { FakeCluster } from "../support/fake-cluster.ts";
import { heldRoleAssignments } from "../support/held.ts";
import { refused } from "../support/refused.ts";
import { SAFE_MOUNT } from "../support/safe-mount.ts";

describe("a class with identity: serviceAccount", () => {
  let app: EmulatedApp;
  let cluster: FakeCluster;
  beforeEach(async () => {
    ({ app, cluster } = await startAppInCluster());
    const [a, b] = app.emulator.info.identities;
    cluster.namespaces.set("demo", "uid-demo");
    cluster.serviceAccounts.set("demo/workload-a", a?.clientId ?? "");
    cluster.serviceAccounts.set("demo/workload-b", b?.clientId ?? "");
  });
  afterEach(() => app.stop());

  function claim(overrides: object = {}, namespace = "demo") {
    const uid = randomUUID();
    const name = `claim-${uid.slice(0, 8)}`;
    cluster.claims.set(`${namespace}/${name}`, { uid, isBoundLate: false, ...overrides });
    return {
      name: `pvc-${uid}`,
      volume_capabilities: [{ mount: SAFE_MOUNT, access_mode: { mode: "SINGLE_NODE_WRITER" as const } }],
      parameters: {
        identity: "serviceAccount",
        "csi.storage.k8s.io/pvc/name": name,
        "csi.storage.k8s.io/pvc/namespace": namespace,
      } as Record<string, string>,
    };
  }
  const principal = (index: number) => app.emulator.info.identities[index]?.principalId;
  const assignmentsOn = (volume: string) =>
    heldRoleAssignments(app.emulator.world)
      .filter(({ scope }) => scope.includes(volume))
      .map(({ principalId }) => principalId);
  const granted = async (request: ReturnType<typeof claim>) => {
    const volume = await create(app, request);
    const [only, ...more] = assignmentsOn(request.name);
    assert.deepEqual(more, []);
    return { volume, principalId: only };
  };
  const isRefused = async (request: ReturnType<typeof claim>, message: RegExp, code = status.FAILED_PRECONDITION) => {
    const before = app.emulator.world.containers.size + app.emulator.world.roleAssignments.size;
    await refused(app.csi.controller("CreateVolume", request), code, message);
    assert.equal(
      app.emulator.world.containers.size + app.emulator.world.roleAssignments.size,
      before,
      "nothing was made",
    );
    assert.equal(app.emulator.world.accounts.size, 0);
  };

  it("takes the ServiceAccount of the claim's annotation, and its ids from the identity", async () => {
    const { volume, principalId } = await granted(claim({ serviceAccount: "workload-b" }));
    assert.equal(principalId, principal(1));
    assert.equal(volume.volume_context["clientID"], app.emulator.info.identities[1]?.clientId);
    assert.equal(volume.volume_context["tenantID"], app.emulator.info.tenantId);
  });

  it("takes the pod's for a generic ephemeral volume, if it is the very pod that owns the claim", async () => {
    cluster.pods.set("demo/web", { name: "web", uid: "pod-1", serviceAccount: "workload-a", uses: [] });
    const owned = await granted(claim({ ownerPod: { name: "web", uid: "pod-1" } }));
    assert.equal(owned.principalId, principal(0));
    app.emulator.world.accounts.clear();
    await isRefused(claim({ ownerPod: { name: "web", uid: "pod-0" } }), /pod demo\/web, which owns claim .* is gone/);
  });

  it("reads the claim's class only where pods may choose", async () => {
    cluster.isBoundLate = () => Promise.reject(new Error("read the class"));
    cluster.pods.set("demo/web", { name: "web", uid: "pod-1", serviceAccount: "workload-a", uses: [] });
    for (const stated of [{ serviceAccount: "workload-b" }, { ownerPod: { name: "web", uid: "pod-1" } }])
      await create(app, claim(stated));
    await refused(app.csi.controller("CreateVolume", claim()), status.INTERNAL, /./);
  });

  it("takes that of the pods that use a claim which waits for its first consumer, and of no others", async () => {
    const request = claim({ isBoundLate: true });
    const name = request.parameters["csi.storage.k8s.io/pvc/name"] ?? "";
    cluster.pods.set("demo/one", { name: "one", uid: "1", serviceAccount: "workload-a", uses: [name] });
    cluster.pods.set("demo/two", { name: "two", uid: "2", serviceAccount: "workload-a", uses: [name] });
    cluster.pods.set("demo/x", { name: "x", uid: "3", serviceAccount: "workload-b", uses: ["another"] });
    assert.equal((await granted(request)).principalId, principal(0));
  });

  it("pods with different ServiceAccounts are refused by name, with the annotation to set", async () => {
    const request = claim({ isBoundLate: true });
    const name = request.parameters["csi.storage.k8s.io/pvc/name"] ?? "";
    cluster.pods.set("demo/one", { name: "one", uid: "1", serviceAccount: "workload-a", uses: [name] });
    cluster.pods.set("demo/two", { name: "two", uid: "2", serviceAccount: "workload-b", uses: [name] });
    await isRefused(request, /\(workload-a, workload-b\).*keyless-csi\/service-account.*`keyless-csi static --volume`/);
  });

  it("pods of a claim that is bound at once choose nothing", async () => {
    const request = claim();
    const name = request.parameters["csi.storage.k8s.io/pvc/name"] ?? "";
    cluster.pods.set("demo/one", { name: "one", uid: "1", serviceAccount: "workload-a", uses: [name] });
    await isRefused(request, /no ServiceAccount is known for claim .*: annotate the claim/);
  });

  it("falls back to the class's default", async () => {
    const request = claim();
    request.parameters["defaultServiceAccount"] = "workload-a";
    assert.equal((await granted(request)).principalId, principal(0));
  });

  describe("a hostile tenant gets nothing:", () => {
    it("an annotation that names another tenant's client id", async () => {
      cluster.serviceAccounts.set("evil/thief", app.emulator.info.identities[0]?.clientId ?? "");
      await isRefused(
        claim({ serviceAccount: "thief" }, "evil"),
        /does not trust system:serviceaccount:evil:thief: .* issuer https:.*subject system:serviceaccount:evil:thief and audience api:\/\/AzureADTokenExchange/,
      );
    });

    it("a ServiceAccount of the same name in another namespace", async () => {
      cluster.serviceAccounts.set("evil/workload-a", app.emulator.info.identities[0]?.clientId ?? "");
      await isRefused(
        claim({ serviceAccount: "workload-a" }, "evil"),
        /does not trust system:serviceaccount:evil:workload-a/,
      );
    });

    it("a name that reaches into another namespace", async () => {
      await isRefused(claim({ serviceAccount: "x:demo:workload-a" }), /is not a ServiceAccount's name/);
    });

    it("an issuer that differs by a slash or by case is another one", async () => {
      const identity = [...app.emulator.world.identities.values()].find(({ name }) => name === "workload-a");
      for (const credential of identity?.federatedCredentials.values() ?? []) credential.issuer += "/";
      await isRefused(claim({ serviceAccount: "workload-a" }), /does not trust/);
    });

    it("a client id in the class parameters", async () => {
      const request = claim({ serviceAccount: "workload-a" });
      request.parameters["clientID"] = app.emulator.info.identities[1]?.clientId ?? "";
      await isRefused(request, /clientID has no meaning with identity "serviceAccount"/, status.INVALID_ARGUMENT);
    });
  });

  it("says what is missing: the ServiceAccount, its annotation, the identity", async () => {
    await isRefused(claim({ serviceAccount: "nobody" }), /ServiceAccount demo\/nobody does not exist: create it/);
    cluster.serviceAccounts.set("demo/plain", "");
    await isRefused(
      claim({ serviceAccount: "plain" }),
      /demo\/plain names no identity: annotate it with azure.workload.identity\/client-id/,
    );
    cluster.serviceAccounts.set("demo/lost", "99999999-9999-4999-8999-999999999999");
    await isRefused(claim({ serviceAccount: "lost" }), /is not a user-assigned identity that the controller may use/);
  });

  it("two namespaces with the same claim name get two volumes", async () => {
    const [a] = app.emulator.info.identities;
    cluster.serviceAccounts.set("other/workload-a", a?.clientId ?? "");
    const identity = [...app.emulator.world.identities.values()].find(({ name }) => name === "workload-a");
    const [credential] = identity?.federatedCredentials.values() ?? [];
    if (credential === undefined) assert.fail("no credential");
    const subject = "system:serviceaccount:other:workload-a";
    identity?.federatedCredentials.set("other", { ...credential, name: "other", subject });
    const first = claim({ serviceAccount: "workload-a" });
    const second = claim({ serviceAccount: "workload-a" }, "other");
    second.parameters["csi.storage.k8s.io/pvc/name"] = first.parameters["csi.storage.k8s.io/pvc/name"] ?? "";
    cluster.claims.set(`other/${second.parameters["csi.storage.k8s.io/pvc/name"]}`, {
      uid: second.name.slice(4),
      isBoundLate: false,
      serviceAccount: "workload-a",
    });
    const ids = [(await create(app, first)).volume_id, (await create(app, second)).volume_id];
    assert.notEqual(ids[0], ids[1]);
  });

  it("a ServiceAccount changed between two attempts leaves one role assignment, for the current one", async () => {
    const request = claim({ serviceAccount: "workload-a" });
    app.emulator.faults.add({
      match: { method: "PUT", path: "roleAssignments" },
      times: 9,
      action: { status: 503, when: "after" },
    });
    await assert.rejects(app.csi.controller("CreateVolume", request), { code: status.UNAVAILABLE });
    app.emulator.faults.clear();
    assert.deepEqual(assignmentsOn(request.name), [principal(0)], "the first attempt took effect, its answer was lost");
    const key = `demo/${request.parameters["csi.storage.k8s.io/pvc/name"]}`;
    cluster.claims.set(key, { uid: request.name.slice(4), isBoundLate: false, serviceAccount: "workload-b" });
    assert.equal((await granted(request)).principalId, principal(1));
  }).timeout(60_000);

  it("a claim that is gone gets back what was created for it, so that Kubernetes deletes it", async () => {
    const request = claim({ serviceAccount: "workload-a" });
    const volume = await create(app, request);
    cluster.claims.clear();
    assert.equal((await create(app, request)).volume_id, volume.volume_id);
    await app.csi.controller("DeleteVolume", { volume_id: volume.volume_id });
    assert.deepEqual(assignmentsOn(request.name), []);
    await assert.rejects(app.csi.controller("CreateVolume", request), (error: { code: status; details: string }) => {
      assert.equal(error.code, status.FAILED_PRECONDITION);
      assert.match(error.details, /was deleted or recreated/);
      return true;
    });
  });

  it("an identity that vanishes between two attempts does not make Kubernetes forget the container", async () => {
    const request = claim({ serviceAccount: "workload-a" });
    await create(app, request);
    cluster.serviceAccounts.delete("demo/workload-a");
    await assert.rejects(app.csi.controller("CreateVolume", request), { code: status.UNAVAILABLE });
  });

  it("a container whose PersistentVolume is in use is not deleted, no matter who asks", async () => {
    const request = claim({ serviceAccount: "workload-a" });
    const volume = await create(app, request);
    cluster.volumes.add(request.name);
    const deletion = app.csi.controller("DeleteVolume", { volume_id: volume.volume_id });
    await assert.rejects(deletion, { code: status.FAILED_PRECONDITION });
    assert.deepEqual(assignmentsOn(request.name), [principal(0)]);
    cluster.volumes.delete(request.name);
    await app.csi.controller("DeleteVolume", { volume_id: volume.volume_id });
  });
});
