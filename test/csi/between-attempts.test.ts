// What may change between two attempts, and between a volume and the next of its name: nothing is lost, nothing comes back.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { status } from "@grpc/grpc-js";
import { create, createRequest, type EmulatedApp, startEmulatedApp } from "../support/emulated-app.ts";
import { createFakeCluster, type FakeCluster } from "../support/fake-cluster.ts";
import { SAFE_MOUNT } from "../support/safe-mount.ts";

describe("between two attempts", () => {
  let it_: EmulatedApp;
  let cluster: FakeCluster;
  const start = async (flags: string[] = []) => {
    it_ = await startEmulatedApp(flags, {
      clusterFor: (emulator) => {
        cluster = createFakeCluster(emulator.issuer.issuer);
        cluster.namespaces.set("team", "uid-1");
        return cluster;
      },
    });
  };
  afterEach(() => it_.stop());

  function request(parameters: Record<string, string> = {}) {
    const uid = randomUUID();
    cluster.claims.set(`team/${uid}`, { uid, isBoundLate: false });
    return {
      name: `pvc-${uid}`,
      volume_capabilities: [{ mount: SAFE_MOUNT, access_mode: { mode: "SINGLE_NODE_WRITER" as const } }],
      parameters: {
        clientID: it_.emulator.info.identities[0]?.clientId ?? "",
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
    it_.emulator.faults.add({
      match: { method: "PUT", path: "roleAssignments" },
      times,
      action: { status: 403, code: "AuthorizationFailed" },
    });
  const grantsAt = (part: string) =>
    [...it_.emulator.world.roleAssignments.values()]
      .filter(({ scope, effectiveUntil }) => effectiveUntil === undefined && scope.endsWith(part))
      .map(({ principalId }) => principalId);
  const principal = (index: number) => it_.emulator.info.identities[index]?.principalId;

  it("a class that was corrected after a failed grant provisions the claim, for the corrected identity alone", async () => {
    await start();
    const first = request();
    it_.emulator.faults.add({
      match: { method: "PUT", path: "roleAssignments" },
      times: 9,
      action: { status: 503, when: "after" },
    });
    await rejects(create(it_, first), status.UNAVAILABLE);
    it_.emulator.faults.clear();
    assert.deepEqual(grantsAt(first.name), [principal(0)]);
    const clientID = it_.emulator.info.identities[1]?.clientId ?? "";
    const corrected = { ...first, parameters: { ...first.parameters, clientID, server: "a.example" } };
    const volume = await create(it_, corrected);
    assert.equal(volume.volume_context["clientID"], clientID);
    assert.deepEqual(grantsAt(first.name), [principal(1)]);
    assert.deepEqual(await create(it_, corrected), volume);
  });

  it("a namespace made anew in between does not hide what was made for its claim", async () => {
    await start();
    await create(it_, request({ isolation: "namespace" }));
    cluster.namespaces.set("team", "uid-2");
    const second = request({ isolation: "namespace" });
    failGrants(1);
    await rejects(create(it_, second), status.UNAVAILABLE);
    cluster.claims.clear();
    const { volume_id: id } = await create(it_, second);
    await it_.csi.controller("DeleteVolume", { volume_id: id });
    assert(
      [...it_.emulator.world.containers.values()].every(
        ({ name, deletedUntil }) => name !== second.name || deletedUntil,
      ),
    );
  });

  it("another size of a volume with an account of its own is ALREADY_EXISTS where no claim proves that it is the same", async () => {
    await start();
    const original = createRequest(it_.emulator, { isolation: "volume" });
    await create(it_, original);
    const larger = { ...original, capacity_range: { required_bytes: String(2 ** 40) } };
    await rejects(it_.csi.controller("CreateVolume", larger), status.ALREADY_EXISTS);
  });

  it("a resource group that is gone: nothing is left to delete, and nothing can be made", async () => {
    await start();
    const volume = await create(it_, request());
    const { world, info } = it_.emulator;
    const group = [...world.resourceGroups.keys()].find((id) => id.endsWith(`/${info.resourceGroup}`)) ?? "";
    world.resourceGroups.delete(group);
    world.accounts.clear();
    await rejects(create(it_, request({ tags: "a=1" })), status.FAILED_PRECONDITION, /ResourceGroupNotFound/);
    await it_.csi.controller("DeleteVolume", { volume_id: volume.volume_id });
  });

  it("an account made anew under its old name does not inherit the old one's grants", async () => {
    await start(["--account-cache", "0s"]);
    const shared = { isolation: "namespace", grantScope: "account" };
    const { volume_id: id } = await create(it_, request(shared));
    const name = id.split("#")[1] ?? "";
    it_.emulator.world.accounts.delete(name);
    for (const key of it_.emulator.world.containers.keys())
      if (key.startsWith(name)) it_.emulator.world.containers.delete(key);
    assert.deepEqual(grantsAt(name), [principal(0)], "Azure keeps them");
    const clientID = it_.emulator.info.identities[1]?.clientId ?? "";
    const again = await create(it_, request({ ...shared, clientID }));
    assert.equal(again.volume_id.split("#")[1], name);
    assert.deepEqual(grantsAt(name), [principal(1)]);
  });

  it("a namespace made anew more often than there are names is told what to do", async () => {
    await start();
    for (let round = 1; round <= 4; round++) {
      cluster.namespaces.set("team", `uid-${round}`);
      const volume = await create(it_, request({ isolation: "namespace" }));
      await it_.csi.controller("DeleteVolume", { volume_id: volume.volume_id });
    }
    cluster.namespaces.set("team", "uid-5");
    await rejects(
      create(it_, request({ isolation: "namespace" })),
      status.FAILED_PRECONDITION,
      /former namespaces .* orphans --delete/,
    );
  });

  it("two claims of a namespace before and after it was made anew, at once, do not share an account", async () => {
    await start();
    const uids = ["uid-old", "uid-new"];
    cluster.findNamespaceUid = async () => uids.shift() ?? "uid-new";
    const made = await Promise.all([
      create(it_, request({ isolation: "namespace" })),
      create(it_, request({ isolation: "namespace" })),
    ]);
    const accounts = made.map(({ volume_id: id }) => it_.emulator.world.accounts.get(id.split("#")[1] ?? ""));
    const tags = accounts.map((account) => account?.tags["keyless-csi.namespace-uid"]);
    assert.deepEqual(tags.sort(), ["uid-new", "uid-old"]);
  });

  it("what fails after a new account was made is not forgotten", async () => {
    await start();
    it_.emulator.faults.add({
      match: { path: "blobServices/default\\?" },
      times: -1,
      action: { status: 403, code: "AuthorizationFailed" },
    });
    await rejects(create(it_, request({ softDeleteBlobs: "7" })), status.UNAVAILABLE, /setting soft delete/);
    it_.emulator.faults.clear();
    await create(it_, request({ softDeleteBlobs: "7" }));
  });

  it("no federated credential is written for a volume that cannot be had", async () => {
    await start(["--manage-federated-credentials", "--role", "99999999-9999-4999-8999-999999999999"]);
    const uid = randomUUID();
    const identity = [...it_.emulator.world.identities.values()][0] ?? assert.fail();
    identity.federatedCredentials.clear();
    cluster.claims.set(`team/${uid}`, { uid, isBoundLate: false, serviceAccount: "app" });
    cluster.serviceAccounts.set("team/app", identity.clientId);
    const { hashOf } = await import("../../src/volume/names.ts");
    identity.tags = { [`keyless-csi.${hashOf(it_.emulator.issuer.issuer).slice(0, 16)}`]: "team/*" };
    const asked = request();
    const parameters = { ...asked.parameters, identity: "serviceAccount", "csi.storage.k8s.io/pvc/name": uid };
    const { clientID: _, ...rest } = parameters;
    await rejects(
      create(it_, { ...asked, name: `pvc-${uid}`, parameters: rest }),
      status.FAILED_PRECONDITION,
      /role .* does not exist/,
    );
    assert.equal(identity.federatedCredentials.size, 0);
  });

  it("a size that a workload has written is not believed above what an account holds", async () => {
    await start();
    const { volume_id: id } = await create(it_, request());
    const container = it_.emulator.world.containers.get(id.split("#").slice(1, 3).join("/")) ?? assert.fail();
    container.metadata = { ...container.metadata, keyless_size_bytes: "9007199254740991" };
    const grown = await it_.csi.controller("ControllerExpandVolume", {
      volume_id: id,
      capacity_range: { required_bytes: String(2 ** 31) },
    });
    assert.equal(grown.capacity_bytes, String(2 ** 31));
  });

  it("a forged id cannot reach the account of a volume that is being made", async () => {
    await start();
    const { volume_id: id } = await create(it_, request({ isolation: "volume" }));
    await rejects(
      it_.csi.controller("DeleteVolume", { volume_id: id.replace(/#pvc-[^#]+#/, "#forged#") }),
      status.FAILED_PRECONDITION,
      /was not made by this controller/,
    );
    assert(it_.emulator.world.accounts.has(id.split("#")[1] ?? ""));
  });

  it("a lock on expansion is told in a code after which csi-resizer keeps trying", async () => {
    await start();
    const { volume_id: id } = await create(it_, request());
    it_.emulator.faults.add({
      match: { method: "PATCH", path: "/containers/" },
      times: 9,
      action: { status: 409, code: "ScopeLocked" },
    });
    const range = { required_bytes: String(2 ** 40) };
    await rejects(
      it_.csi.controller("ControllerExpandVolume", { volume_id: id, capacity_range: range }),
      status.UNAVAILABLE,
      /ScopeLocked/,
    );
  });

  it("a page token that leads elsewhere is refused, and no token of ours goes there", async () => {
    await start();
    const { volume_id: id } = await create(it_, request());
    const account = id.split("#")[1];
    for (const url of ["https://127.0.0.1:1/x", `${it_.emulator.info.armEndpoint}/subscriptions`, "not a url"]) {
      const token = Buffer.from(JSON.stringify([1, account, url])).toString("base64url");
      it_.forgetCalls();
      await rejects(it_.csi.controller("ListVolumes", { starting_token: token }), status.ABORTED);
      assert(
        it_.armCalls().every(({ operation }) => /storageAccounts\/list/i.test(operation)),
        JSON.stringify(it_.armCalls()),
      );
    }
  });
});
