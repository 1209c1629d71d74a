// What may change between two attempts, and between a volume and the next of its name: nothing is lost, nothing comes back.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { status } from "@grpc/grpc-js";
import { create, createRequest, type EmulatedApp, startEmulatedApp } from "../support/emulated-app.ts";
import { createFakeCluster, type FakeCluster } from "../support/fake-cluster.ts";
import { heldRoleAssignments } from "../support/held.ts";
import { SAFE_MOUNT } from "../support/safe-mount.ts";

describe("between two attempts", () => {
  let app: EmulatedApp;
  let cluster: FakeCluster;
  const start = async (flags: string[] = []) => {
    app = await startEmulatedApp(flags, {
      clusterFor: (emulator) => {
        cluster = createFakeCluster(emulator.issuer.issuer);
        cluster.namespaces.set("team", "uid-1");
        return cluster;
      },
    });
  };
  afterEach(() => app.stop());

  function request(parameters: Record<string, string> = {}) {
    const uid = randomUUID();
    cluster.claims.set(`team/${uid}`, { uid, isBoundLate: false });
    return {
      name: `pvc-${uid}`,
      volume_capabilities: [{ mount: SAFE_MOUNT, access_mode: { mode: "SINGLE_NODE_WRITER" as const } }],
      parameters: {
        clientID: app.emulator.info.identities[0]?.clientId ?? "",
        ...parameters,
        "csi.storage.k8s.io/pvc/name": uid,
        "csi.storage.k8s.io/pvc/namespace": "team",
      },
    };
  }
  const rejects = (promise: Promise<unknown>, code: status, message = /./) =>
    assert.rejects(promise, (error: { code: status; details: string }) => {
      assert.equal(status[error.code], status[code], error.details);
      assert.match(error.details, message);
      return true;
    });
  const failGrants = (times: number) =>
    app.emulator.faults.add({
      match: { method: "PUT", path: "roleAssignments" },
      times,
      action: { status: 403, code: "AuthorizationFailed" },
    });
  const assignmentsAt = (part: string) =>
    heldRoleAssignments(app.emulator.world)
      .filter(({ scope }) => scope.endsWith(part))
      .map(({ principalId }) => principalId);
  const principal = (index: number) => app.emulator.info.identities[index]?.principalId;

  it("a class that was corrected after a failed role assignment provisions the claim, for the corrected identity alone", async () => {
    await start();
    const first = request();
    app.emulator.faults.add({
      match: { method: "PUT", path: "roleAssignments" },
      times: 9,
      action: { status: 503, when: "after" },
    });
    await rejects(create(app, first), status.UNAVAILABLE);
    app.emulator.faults.clear();
    assert.deepEqual(assignmentsAt(first.name), [principal(0)]);
    const clientID = app.emulator.info.identities[1]?.clientId ?? "";
    const corrected = {
      ...first,
      parameters: { ...first.parameters, clientID, storageEndpointSuffix: "core.example.net" },
    };
    const volume = await create(app, corrected);
    assert.equal(volume.volume_context["clientID"], clientID);
    assert.deepEqual(assignmentsAt(first.name), [principal(1)]);
    assert.deepEqual(await create(app, corrected), volume);
  });

  it("a namespace recreated in between does not hide what was created for its claim", async () => {
    await start();
    await create(app, request({ isolation: "namespace" }));
    cluster.namespaces.set("team", "uid-2");
    const second = request({ isolation: "namespace" });
    failGrants(1);
    await rejects(create(app, second), status.UNAVAILABLE);
    cluster.claims.clear();
    const { volume_id: id } = await create(app, second);
    await app.csi.controller("DeleteVolume", { volume_id: id });
    assert(
      [...app.emulator.world.containers.values()].every(
        ({ name, deletedUntil }) => name !== second.name || deletedUntil,
      ),
    );
  });

  it("another size of a volume with an account of its own is ALREADY_EXISTS where no claim proves that it is the same", async () => {
    await start();
    const original = createRequest(app.emulator, { isolation: "volume" });
    await create(app, original);
    const larger = { ...original, capacity_range: { required_bytes: String(2 ** 40) } };
    await rejects(app.csi.controller("CreateVolume", larger), status.ALREADY_EXISTS);
  });

  it("a resource group that is gone: nothing is left to delete, and nothing can be made", async () => {
    await start();
    const volume = await create(app, request());
    const { world, info } = app.emulator;
    const group = [...world.resourceGroups.keys()].find((id) => id.endsWith(`/${info.resourceGroup}`)) ?? "";
    world.resourceGroups.delete(group);
    world.accounts.clear();
    await rejects(create(app, request({ tags: "a=1" })), status.FAILED_PRECONDITION, /ResourceGroupNotFound/);
    await app.csi.controller("DeleteVolume", { volume_id: volume.volume_id });
  });

  it("an account recreated under its old name does not inherit the role assignments of the old one", async () => {
    await start(["--account-cache", "0s"]);
    const shared = { isolation: "namespace", grantScope: "account" };
    const { volume_id: id } = await create(app, request(shared));
    const name = id.split("#")[1] ?? "";
    app.emulator.world.accounts.delete(name);
    for (const key of app.emulator.world.containers.keys())
      if (key.startsWith(name)) app.emulator.world.containers.delete(key);
    assert.deepEqual(assignmentsAt(name), [principal(0)], "Azure keeps them");
    const clientID = app.emulator.info.identities[1]?.clientId ?? "";
    const again = await create(app, request({ ...shared, clientID }));
    assert.equal(again.volume_id.split("#")[1], name);
    assert.deepEqual(assignmentsAt(name), [principal(1)]);
  });

  it("a namespace recreated more often than there are names gets a message that says what to do", async () => {
    await start();
    for (let round = 1; round <= 4; round++) {
      cluster.namespaces.set("team", `uid-${round}`);
      const volume = await create(app, request({ isolation: "namespace" }));
      await app.csi.controller("DeleteVolume", { volume_id: volume.volume_id });
    }
    cluster.namespaces.set("team", "uid-5");
    await rejects(
      create(app, request({ isolation: "namespace" })),
      status.FAILED_PRECONDITION,
      /former namespaces .* may hold data: a class that differs in its `tags` has names of its own/,
    );
  });

  it("two claims of a namespace before and after it was recreated, at once, do not share an account", async () => {
    await start();
    const uids = ["uid-old", "uid-new"];
    cluster.findNamespaceUid = async () => uids.shift() ?? "uid-new";
    const made = await Promise.all([
      create(app, request({ isolation: "namespace" })),
      create(app, request({ isolation: "namespace" })),
    ]);
    const accounts = made.map(({ volume_id: id }) => app.emulator.world.accounts.get(id.split("#")[1] ?? ""));
    const tags = accounts.map((account) => account?.tags["keyless-csi.namespace-uid"]);
    assert.deepEqual(tags.sort(), ["uid-new", "uid-old"]);
  });

  it("what fails after a new account was created is not forgotten", async () => {
    await start();
    app.emulator.faults.add({
      match: { path: "blobServices/default\\?" },
      times: -1,
      action: { status: 403, code: "AuthorizationFailed" },
    });
    await rejects(create(app, request({ softDeleteBlobs: "7" })), status.UNAVAILABLE, /setting soft delete/);
    app.emulator.faults.clear();
    await create(app, request({ softDeleteBlobs: "7" }));
  });

  it("no federated credential is written for a volume that cannot be provisioned", async () => {
    await start(["--manage-federated-credentials", "--role", "99999999-9999-4999-8999-999999999999"]);
    const uid = randomUUID();
    const identity = [...app.emulator.world.identities.values()][0] ?? assert.fail();
    identity.federatedCredentials.clear();
    cluster.claims.set(`team/${uid}`, { uid, isBoundLate: false, serviceAccount: "app" });
    cluster.serviceAccounts.set("team/app", identity.clientId);
    const { hashOf } = await import("../../src/volume/names.ts");
    identity.tags = { [`keyless-csi.${hashOf(app.emulator.issuer.issuer).slice(0, 16)}`]: "team/*" };
    const asked = request();
    const parameters = { ...asked.parameters, identity: "serviceAccount", "csi.storage.k8s.io/pvc/name": uid };
    const { clientID: _, ...rest } = parameters;
    await rejects(
      create(app, { ...asked, name: `pvc-${uid}`, parameters: rest }),
      status.UNAVAILABLE,
      /role .* does not exist/,
    );
    assert.equal(identity.federatedCredentials.size, 0);
  });

  it("a size that a workload has written is not believed above what an account holds", async () => {
    await start();
    const { volume_id: id } = await create(app, request());
    const container = app.emulator.world.containers.get(id.split("#").slice(1, 3).join("/")) ?? assert.fail();
    container.metadata = { ...container.metadata, keyless_size_bytes: "9007199254740991" };
    const grown = await app.csi.controller("ControllerExpandVolume", {
      volume_id: id,
      capacity_range: { required_bytes: String(2 ** 31) },
    });
    assert.equal(grown.capacity_bytes, String(2 ** 31));
  });

  it("a forged id cannot reach the account of a volume that is being created", async () => {
    await start();
    const { volume_id: id } = await create(app, request({ isolation: "volume" }));
    await rejects(
      app.csi.controller("DeleteVolume", { volume_id: id.replace(/#pvc-[^#]+#/, "#forged#") }),
      status.FAILED_PRECONDITION,
      /was not made by this controller/,
    );
    assert(app.emulator.world.accounts.has(id.split("#")[1] ?? ""));
  });

  it("a lock on expansion is answered with a code after which csi-resizer keeps trying", async () => {
    await start();
    const { volume_id: id } = await create(app, request());
    app.emulator.faults.add({
      match: { method: "PATCH", path: "/containers/" },
      times: 9,
      action: { status: 409, code: "ScopeLocked" },
    });
    const range = { required_bytes: String(2 ** 40) };
    await rejects(
      app.csi.controller("ControllerExpandVolume", { volume_id: id, capacity_range: range }),
      status.UNAVAILABLE,
      /ScopeLocked/,
    );
  });

  it("a page token that leads elsewhere is refused, and our bearer token is not sent there", async () => {
    await start();
    const { volume_id: id } = await create(app, request());
    const account = id.split("#")[1];
    for (const url of ["https://127.0.0.1:1/x", `${app.emulator.info.armEndpoint}/subscriptions`, "not a url"]) {
      const token = Buffer.from(JSON.stringify([1, account, url])).toString("base64url");
      app.forgetCalls();
      await rejects(app.csi.controller("ListVolumes", { starting_token: token }), status.ABORTED);
      assert(
        app.armCalls().every(({ operation }) => /storageAccounts\/list/i.test(operation)),
        JSON.stringify(app.armCalls()),
      );
    }
  });
});
