// Isolation by namespace and role assignments at accounts: who shares what, and what is removed with the last volume.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { status } from "@grpc/grpc-js";
import { startAppInCluster } from "../support/app-in-cluster.ts";
import { create, createRequest, type EmulatedApp, startEmulatedApp } from "../support/emulated-app.ts";
import type { FakeCluster } from "../support/fake-cluster.ts";
import { heldContainers, heldRoleAssignments } from "../support/held.ts";
import { SAFE_MOUNT } from "../support/safe-mount.ts";

describe("isolation by namespace", () => {
  let app: EmulatedApp;
  let cluster: FakeCluster;
  beforeEach(async () => {
    ({ app, cluster } = await startAppInCluster());
    cluster.namespaces.set("one", "uid-1");
    cluster.namespaces.set("two", "uid-2");
  });
  afterEach(() => app.stop());

  function request(namespace: string, parameters: Record<string, string> = {}, identity = 0) {
    const uid = randomUUID();
    cluster.claims.set(`${namespace}/${uid}`, { uid, isBoundLate: false });
    return {
      name: `pvc-${uid}`,
      volume_capabilities: [{ mount: SAFE_MOUNT, access_mode: { mode: "SINGLE_NODE_WRITER" as const } }],
      parameters: {
        clientID: app.emulator.info.identities[identity]?.clientId ?? "",
        isolation: "namespace",
        ...parameters,
        "csi.storage.k8s.io/pvc/name": uid,
        "csi.storage.k8s.io/pvc/namespace": namespace,
      },
    };
  }
  const accountIn = (id: string) => id.split("#")[1] ?? "";
  const remove = (id: string) => app.csi.controller("DeleteVolume", { volume_id: id });
  const assignments = () =>
    heldRoleAssignments(app.emulator.world).filter(({ scope }) => scope.includes("/storageAccounts/"));

  it("volumes of a namespace share an account, those of another have their own", async () => {
    const first = await create(app, request("one"));
    const second = await create(app, request("one"));
    const other = await create(app, request("two"));
    assert.equal(accountIn(first.volume_id), accountIn(second.volume_id));
    assert.notEqual(accountIn(first.volume_id), accountIn(other.volume_id));
    const { tags } = app.emulator.world.accounts.get(accountIn(first.volume_id)) ?? assert.fail("no account");
    assert.equal(tags["keyless-csi.namespace"], "one");
    assert.equal(tags["keyless-csi.namespace-uid"], "uid-1");
  });

  it("a namespace that was deleted and recreated does not reach the old one's account", async () => {
    const old = await create(app, request("one"));
    cluster.namespaces.set("one", "uid-1-again");
    const fresh = await create(app, request("one"));
    assert.notEqual(accountIn(old.volume_id), accountIn(fresh.volume_id));
    assert.equal(app.emulator.world.accounts.get(accountIn(fresh.volume_id))?.tags["keyless-csi.attempt"], "1");
    await remove(old.volume_id);
    await remove(fresh.volume_id);
  });

  it("without the namespace's UID nothing is created", async () => {
    cluster.namespaces.delete("one");
    await assert.rejects(create(app, request("one")), { code: status.FAILED_PRECONDITION });
    assert.equal(app.emulator.world.accounts.size, 0);
  });

  it("a role assignment at the account is created once for each identity, and removed with the last volume", async () => {
    const shared = { grantScope: "account" };
    const volumes = [
      await create(app, request("one", shared)),
      await create(app, request("one", shared)),
      await create(app, request("one", shared, 1)),
    ];
    const account = accountIn(volumes[0]?.volume_id ?? "");
    assert.deepEqual(
      assignments()
        .map(({ scope, principalId }) => [scope.split("/").at(-1), principalId])
        .sort(),
      [0, 1].map((index) => [account, app.emulator.info.identities[index]?.principalId ?? ""]).sort(),
    );
    for (const [index, { volume_id: id }] of volumes.entries()) {
      await remove(id);
      assert.equal(assignments().length, index < 2 ? 2 : 0);
    }
    assert(app.emulator.world.accounts.has(account), "the namespace's account stays for its next volume");
  });

  it("many volumes of ten identities cost ten role assignments for each account", async () => {
    const { world } = app.emulator;
    const [template] = world.principals.values();
    const parameters = { grantScope: "account", poolSize: "2" };
    const identities = Array.from({ length: 10 }, () => ({ clientID: randomUUID(), principalID: randomUUID() }));
    for (const { clientID, principalID } of identities) {
      world.principals.set(principalID, { ...template, id: principalID, clientId: clientID } as never);
    }
    const accounts = new Set<string>();
    for (let count = 0; count < 100; count++) {
      const volume = await create(app, request("one", { ...parameters, ...identities[count % 10] }));
      accounts.add(accountIn(volume.volume_id));
    }
    assert.equal(accounts.size, 2);
    assert(assignments().length <= 20, `${assignments().length} role assignments`);
    console.log(
      `      100 volumes, ${accounts.size} accounts, 10 identities: ${assignments().length} role assignments`,
    );
  });

  it("a volume that is created while the last other one is deleted keeps its access", async () => {
    const shared = { grantScope: "account" };
    for (let round = 0; round < 5; round++) {
      const last = await create(app, request("one", shared));
      const [made] = await Promise.all([create(app, request("one", shared)), remove(last.volume_id)]);
      assert.equal(assignments().length, 1, `round ${round}`);
      await remove(made.volume_id);
      assert.equal(assignments().length, 0);
    }
  });
});

describe("the limit of role assignments in a subscription", () => {
  it("is reported with the way out, and once it is known, before anything is created", async () => {
    const app = await startEmulatedApp([], { settings: { roleAssignmentsPerSubscription: 14 } });
    const { emulator, csi } = app;
    const request = () => createRequest(emulator);
    const volumes: string[] = [];
    const refusals: { code: status; details: string }[] = [];
    for (let count = 0; count < 14; count++) {
      await create(app, request()).then(
        ({ volume_id: id }) => volumes.push(id),
        (error) => refusals.push(error),
      );
    }
    const codes = refusals.map(({ code }) => status[code]);
    assert.equal(codes[0], "UNAVAILABLE", "its container exists, so it must not be forgotten");
    assert(codes.length > 1 && codes.slice(1).every((code) => code === "RESOURCE_EXHAUSTED"), codes.join());
    for (const { details } of refusals) assert.match(details, /isolation "namespace" and grantScope "account"/);
    const live = heldContainers(emulator.world);
    assert.equal(live.length, volumes.length + 1, "what is refused for the full subscription makes nothing");
    console.log(`      ${volumes.length} volumes, then ${codes.join(", ")}`);
    for (const id of volumes) await csi.controller("DeleteVolume", { volume_id: id });
    await app.stop();
  });
});

describe("keeping data on deletion", () => {
  it("takes the access away and keeps the container", async () => {
    const app = await startEmulatedApp(["--on-delete", "retain"]);
    const { emulator, csi } = app;
    const volume = await create(app, {
      name: `pvc-${randomUUID()}`,
      volume_capabilities: [{ mount: SAFE_MOUNT, access_mode: { mode: "SINGLE_NODE_WRITER" } }],
      parameters: { clientID: emulator.info.identities[0]?.clientId ?? "", isolation: "volume" },
    });
    await csi.controller("DeleteVolume", { volume_id: volume.volume_id });
    const key = volume.volume_id.split("#").slice(1, 3).join("/");
    assert.equal(emulator.world.containers.get(key)?.deletedUntil, undefined);
    assert(emulator.world.containers.has(key) && emulator.world.accounts.has(key.split("/")[0] ?? ""));
    const left = heldRoleAssignments(emulator.world).filter(({ scope }) => scope.includes(key.split("/")[1] ?? "-"));
    assert.deepEqual(left, []);
    await app.stop();
  });
});
